/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show.hpp"

#include <algorithm>
#include <ctime>
#include <poll.h>
#include <stdexcept>

static constexpr uint64_t SECOND = 1000000000;

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

Show::Slot Show::make_slot(uint32_t width, size_t head_count)
{
    Slot slot;
    slot.buffer = std::make_unique<Buffer>(card, width, options.size.height);
    slot.frames.assign(head_count, -1);
    return slot;
}

size_t Show::slot_of(size_t head) const
{
    return options.shared ? 0 : head;
}

Canvas Show::canvas_of(size_t head, const Slot &slot) const
{
    return slot.buffer->part(heads[head].x, options.size.width);
}

void Show::configure(const Options &wanted)
{
    wait_for_flips();
    if (wanted.heads > card.outputs().size()) {
        throw std::runtime_error("the card has " + std::to_string(card.outputs().size()) +
                                 " heads: give the device max_outputs=" +
                                 std::to_string(wanted.heads));
    }
    const size_t old_heads = heads.size();
    /* The old buffers go only after the new ones are on the screen */
    auto old_sets = std::move(sets);
    options = wanted;
    heads.clear();
    sets.clear();

    const uint32_t width = options.size.width;
    for (uint32_t i = 0; i < options.heads; i++) {
        heads.push_back({card.outputs()[i], options.shared ? i * width : 0,
                         make_pattern(options.pattern, width, options.size.height, i)});
    }
    sets.resize(options.shared ? 1 : options.heads);
    const uint32_t count = options.mode == Mode::Dirty ? 1 : options.buffers;
    for (auto &set : sets) {
        for (uint32_t i = 0; i < count; i++) {
            set.push_back(make_slot(options.shared ? width * options.heads : width,
                                    options.shared ? options.heads : 1));
        }
    }
    turn = 0;
    for (size_t i = 0; i < heads.size(); i++) {
        for (auto &slot : sets[slot_of(i)]) {
            const Canvas canvas = canvas_of(i, slot);
            heads[i].pattern->paint(canvas);
            heads[i].pattern->draw(canvas, number, -1);
            slot.frames[options.shared ? i : 0] = number;
        }
        set_mode(card, heads[i].output, *sets[slot_of(i)][0].buffer, heads[i].x, width,
                 options.size.height);
    }
    for (size_t i = heads.size(); i < old_heads; i++) {
        disable(card, card.outputs()[i]);
    }
    powered = true;
}

void Show::run(int64_t count)
{
    left = options.pattern == "still" ? 0 : count;
    finished = false;
    done = max_gap = 0;
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

void Show::set_power(bool on)
{
    wait_for_flips();
    for (size_t i = 0; i < heads.size(); i++) {
        if (on) {
            set_mode(card, heads[i].output, *sets[slot_of(i)][turn].buffer, heads[i].x,
                     options.size.width, options.size.height);
        } else {
            disable(card, heads[i].output);
        }
    }
    powered = on;
}

void Show::set_cursor(bool on, int x, int y)
{
    if (!cursor) {
        cursor = std::make_unique<Cursor>(card);
    }
    if (on) {
        cursor->show(heads[0].output, x, y);
    } else {
        cursor->hide(heads[0].output);
    }
}

int64_t Show::due_in() const
{
    if (left == 0 || pending || !powered) {
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
        /* A guest that cannot keep up does not make up for it later */
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
        Slot &slot = sets[slot_of(i)][turn];
        int64_t &before = slot.frames[options.shared ? i : 0];
        heads[i].pattern->draw(canvas_of(i, slot), number, before);
        before = number;
    }
    for (size_t i = 0; i < heads.size(); i++) {
        flip(card, heads[i].output, *sets[slot_of(i)][turn].buffer, i);
        pending++;
    }
}

void Show::draw_in_place()
{
    for (size_t i = 0; i < heads.size(); i++) {
        Slot &slot = sets[slot_of(i)][0];
        int64_t &before = slot.frames[options.shared ? i : 0];
        Rect rect = heads[i].pattern->draw(canvas_of(i, slot), number, before);
        before = number;
        if (rect.w == 0 || rect.h == 0) {
            rect = {0, 0, options.size.width, options.size.height};
        }
        rect.x += heads[i].x;
        mark_dirty(card, *slot.buffer, rect);
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
    const uint64_t now = now_ns();
    max_gap = std::max(max_gap, now - last_done);
    last_done = now;
    done++;
    if (left == 0) {
        finished = true;
    } else if (now - last_report >= SECOND) {
        report("progress");
        last_report = now;
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
    return was;
}

void Show::report(const char *word)
{
    console.say("%s flips=%llu t=%llu maxgap=%llu frame=%u", word,
                static_cast<unsigned long long>(done),
                static_cast<unsigned long long>((last_done - started) / 1000000),
                static_cast<unsigned long long>(max_gap / 1000), number);
}
