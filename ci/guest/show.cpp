/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show.hpp"

#include <algorithm>
#include <ctime>
#include <poll.h>
#include <stdexcept>

#include "input.hpp"

static constexpr uint64_t SECOND = 1000000000;
static constexpr uint64_t MAX_GAP_LINES = 50;
static constexpr uint32_t ECHO = 64; /* pixels, the side of a square */

uint64_t now_ns()
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

Show::Show(Console &console, const Options &options):
    console(console), options(options), card(10000)
{
}

/* Where a head is in the framebuffer */
static Rect part_of(Layout layout, uint32_t head, const Size &size)
{
    uint32_t column = 0, line = 0;
    switch (layout) {
    case Layout::Apart: break;
    case Layout::Row: column = head; break;
    case Layout::Column: line = head; break;
    case Layout::Grid: column = head % 2; line = head / 2; break;
    }
    return {column * size.width, line * size.height, size.width, size.height};
}

Show::Slot Show::make_slot()
{
    uint32_t width = 0, height = 0;
    for (const auto &head : heads) {
        width = std::max(width, head.part.x + head.part.w);
        height = std::max(height, head.part.y + head.part.h);
    }
    Slot slot;
    slot.buffer = std::make_unique<Buffer>(card, options.memory, width, height);
    slot.frames.assign(shared() ? heads.size() : 1, -1);
    return slot;
}

size_t Show::slot_of(size_t head) const
{
    return shared() ? 0 : head;
}

/* Brings a head's part of a buffer to the current frame; returns what has changed, in the
 * buffer's coordinates */
Rect Show::draw_number(size_t i, Slot &slot)
{
    const Head &head = heads[i];
    int64_t &before = slot.frames[shared() ? i : 0];
    const Canvas canvas = slot.buffer->part(head.part);
    Rect rect;
    if (before < 0) {
        head.pattern->paint(canvas);
        head.pattern->draw(canvas, number, before);
    } else {
        rect = head.pattern->draw(canvas, number, before);
    }
    if (options.echo) {
        const Rect square{0, canvas.height - std::min(ECHO, canvas.height), ECHO, ECHO};
        canvas.fill(square, keys_pressed() % 2 ? 0xffffff : 0);
        rect = {};
    }
    if (rect.w == 0 || rect.h == 0) {
        rect = {0, 0, head.part.w, head.part.h};
    }
    rect.x += head.part.x;
    rect.y += head.part.y;
    slot.buffer->drawn(rect);
    before = number;
    return rect;
}

void Show::show_turn(Head &head)
{
    set_mode(card, head.output, *sets[slot_of(&head - heads.data())][turn].buffer, head.part);
}

void Show::configure(const Options &wanted)
{
    wait_for_flips();
    if (wanted.heads > card.outputs().size()) {
        throw std::runtime_error("the card has " + std::to_string(card.outputs().size()) +
                                 " heads: set max_outputs of the device to " +
                                 std::to_string(wanted.heads));
    }
    if (!host) {
        host = HostFence::make(card);
    }
    if (wanted.sync && !host) {
        throw std::runtime_error("sync=1 needs a device with virgl");
    }
    const size_t old_heads = heads.size();
    /* The old buffers go only after the new ones are on the screen */
    auto old_sets = std::move(sets);
    options = wanted;
    heads.clear();
    sets.clear();

    for (uint32_t i = 0; i < options.heads; i++) {
        Head head;
        head.output = card.outputs()[i];
        head.part = part_of(options.layout, i, options.size);
        head.pattern = make_pattern(options.pattern, head.part.w, head.part.h, i);
        heads.push_back(std::move(head));
    }
    sets.resize(shared() ? 1 : options.heads);
    const uint32_t count = options.mode == Mode::Dirty ? 1 : options.buffers;
    for (auto &set : sets) {
        for (uint32_t i = 0; i < count; i++) {
            set.push_back(make_slot());
        }
    }
    turn = 0;
    for (size_t i = 0; i < heads.size(); i++) {
        for (auto &slot : sets[slot_of(i)]) {
            draw_number(i, slot);
        }
    }
    for (auto &head : heads) {
        show_turn(head);
    }
    for (size_t i = heads.size(); i < old_heads; i++) {
        disable(card, card.outputs()[i]);
    }
    lit = true;
}

void Show::renew()
{
    const Options same = options;
    wait_for_flips();
    number++;
    configure(same);
}

void Show::run(int64_t count)
{
    left = options.pattern == "still" ? 0 : count;
    finished = false;
    done = max_gap = gaps = waited = max_wait = 0;
    started = last_done = last_report = now_ns();
    due = started;
}

void Show::stop()
{
    wait_for_flips();
    left = 0;
}

void Show::set_rate(uint32_t rate)
{
    options.rate = rate;
    due = now_ns();
}

void Show::set_power(bool on, int which)
{
    wait_for_flips();
    for (int i = 0; i < int(heads.size()); i++) {
        if (which >= 0 && which != i) {
            continue;
        }
        if (on) {
            show_turn(heads[i]);
        } else {
            disable(card, heads[i].output);
        }
        heads[i].powered = on;
    }
}

void Show::set_dpms(bool on)
{
    wait_for_flips();
    for (const auto &head : heads) {
        ::set_dpms(card, head.output, on);
    }
    lit = on;
}

std::string Show::monitor(size_t head) const
{
    return preferred_mode(card, heads.at(head).output);
}

void Show::set_cursor(size_t which, bool small, Memory memory, int x, int y)
{
    Head &head = heads.at(which);
    auto &cursor = cursors[{ small, memory }];
    if (!cursor) {
        cursor = std::make_unique<Cursor>(card, small, memory);
    }
    if (head.cursor == cursor.get()) {
        cursor->move(head.output, x, y);
    } else {
        cursor->show(head.output, x, y);
    }
    head.cursor = cursor.get();
}

void Show::hide_cursor(size_t which)
{
    Head &head = heads.at(which);
    Cursor::hide(card, head.output);
    head.cursor = nullptr;
}

int64_t Show::due_in() const
{
    const bool any = std::any_of(heads.begin(), heads.end(),
                                 [](const Head &head) { return head.powered; });
    if (left == 0 || pending || !lit || !any) {
        return -1;
    }
    const uint64_t now = now_ns();
    return options.rate == 0 || due <= now ? 0 : due - now;
}

void Show::tick()
{
    resize_on_schedule();
    number++;
    if (left > 0) {
        left--;
    }
    if (options.rate) {
        due += SECOND / options.rate;
        /* A guest that cannot keep up does not catch up later */
        due = std::max(due, now_ns());
    }
    if (options.mode == Mode::Dirty) {
        draw_in_place();
    } else {
        draw_and_flip();
    }
}

void Show::draw_and_flip()
{
    turn = (turn + 1) % sets[0].size();
    for (size_t i = 0; i < heads.size(); i++) {
        draw_number(i, sets[slot_of(i)][turn]);
    }
    asked = now_ns();
    for (size_t i = 0; i < heads.size(); i++) {
        if (!heads[i].powered) {
            continue;
        }
        flip(card, heads[i].output, *sets[slot_of(i)][turn].buffer, i);
        pending++;
    }
}

void Show::draw_in_place()
{
    asked = now_ns();
    for (size_t i = 0; i < heads.size(); i++) {
        Slot &slot = sets[slot_of(i)][0];
        mark_dirty(card, *slot.buffer, draw_number(i, slot));
    }
    frame_done();
}

void Show::handle_events()
{
    const auto tags = read_flips(card);
    if (pending == 0 || tags.empty()) {
        return;
    }
    pending -= std::min<size_t>(pending, tags.size());
    if (pending == 0) {
        frame_done();
    }
}

void Show::wait_for_flips()
{
    while (pending) {
        struct pollfd readable = {card.fd(), POLLIN, 0};
        poll(&readable, 1, -1);
        handle_events();
    }
}

void Show::frame_done()
{
    if (options.sync) {
        host->wait();
    }
    const uint64_t now = now_ns();
    waited += now - asked;
    max_wait = std::max(max_wait, now - asked);
    note_gap(now);
    last_done = now;
    done++;
    if (left == 0) {
        finished = true;
    } else if (now - last_report >= SECOND) {
        report("progress");
        last_report = now;
    }
}

void Show::note_gap(uint64_t now)
{
    const uint64_t gap = now - last_done;
    max_gap = std::max(max_gap, gap);
    /* A guest that is slow anyway reports nothing; the console is slow, too */
    if (gap > options.gap * (SECOND / 1000) && ++gaps <= MAX_GAP_LINES) {
        console.say("gap at=%llu us=%llu frame=%u",
                    static_cast<unsigned long long>((now - started) / 1000000),
                    static_cast<unsigned long long>(gap / 1000), number);
    }
}

void Show::resize_on_schedule()
{
    if (next_resize >= options.resizes.size() ||
        done < (next_resize + 1) * uint64_t{options.resize_every}) {
        return;
    }
    Options wanted = options;
    wanted.size = options.resizes[next_resize++];
    configure(wanted);
    console.say("resize %ux%u", wanted.size.width, wanted.size.height);
}

bool Show::take_finished()
{
    const bool was = finished;
    finished = false;
    if (was && host) { // the receiver counts the results of all frames
        host->wait();
    }
    return was;
}

void Show::report(const char *word)
{
    console.say("%s flips=%llu t=%llu maxgap=%llu frame=%u gaps=%llu waited=%llu maxwait=%llu", word,
                static_cast<unsigned long long>(done),
                static_cast<unsigned long long>((last_done - started) / 1000000),
                static_cast<unsigned long long>(max_gap / 1000), number,
                static_cast<unsigned long long>(gaps),
                static_cast<unsigned long long>(waited / 1000),
                static_cast<unsigned long long>(max_wait / 1000));
}
