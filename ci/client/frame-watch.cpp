/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame-watch.hpp"

#include <algorithm>

/* In case no command reads them: some minutes at 60 frames per second */
static constexpr size_t MAX_KEPT = 20000;
/* Pictures are compared no more often than this, microseconds */
static constexpr int64_t COMPARE_EVERY = 200000;
/* The middle of the guest's square, pixels from the lower left corner */
static constexpr uint32_t ECHO_MIDDLE = 32;

void FrameWatch::compare_with(const std::string &pattern)
{
    quality = std::make_unique<Quality>(pattern);
    comparer = std::make_unique<Comparer>(pattern);
}

void FrameWatch::updated(int64_t now)
{
    last_update = now;
    if (counting) {
        note_number();
    }
    if (comparer && last >= 0 && now - last_compared >= COMPARE_EVERY) {
        compare();
    }
    if (pressed && echo_is_lit() != was_lit) {
        echoes.push_back({pressed, now});
        pressed = 0;
    }
}

void FrameWatch::note_number()
{
    const int64_t number = read_counter(picture(COUNTER_LINES));
    if (number < 0 || number == last) {
        return;
    }
    fallen += number < last;
    changed++;
    last = number;
    newest = std::max(newest, number);
    exact = -1;
    if (seen.size() < MAX_KEPT) {
        seen.push_back({last_update, number});
    }
}

void FrameWatch::compare()
{
    if (comparer->busy() || comparisons >= MAX_KEPT) {
        return;
    }
    Picture shown = picture(UINT32_MAX);
    if (shown.empty()) {
        return;
    }
    last_compared = last_update;
    comparisons++;
    comparer->compare(last_update, last, std::move(shown));
}

std::vector<FrameWatch::Compared> FrameWatch::take_compared()
{
    comparisons = 0;
    return comparer ? comparer->take() : std::vector<Compared>();
}

int64_t FrameWatch::exact_since()
{
    if (!quality || last < 0) {
        return -1;
    }
    const Picture shown = picture(UINT32_MAX);
    if (shown.empty() || !quality->is_exact(shown, uint32_t(last))) {
        exact = -1;
    } else if (exact < 0) {
        exact = last_update;
    }
    return exact;
}

bool FrameWatch::echo_is_lit() const
{
    const Picture whole = picture(UINT32_MAX);
    if (whole.height <= ECHO_MIDDLE || whole.width <= ECHO_MIDDLE) {
        return false;
    }
    const size_t at = size_t{whole.height - 1 - ECHO_MIDDLE} * whole.width + ECHO_MIDDLE;
    return whole.rgb[at * 3 + 1] >= 128;
}

void FrameWatch::expect_echo(int64_t now)
{
    was_lit = echo_is_lit();
    pressed = now;
}
