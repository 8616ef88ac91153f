/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * Multimedia time stamps for the frames of one client's streams.
 *
 * A client shows a frame when its clock reaches the frame's stamp, and drops MJPEG frames that
 * arrive later. Its clock is the server's, less the time that the message which set it was in
 * transit. So a frame stamped with the time of its capture is always late, by the time that
 * encoding, the link and queues take. A stamp is therefore the time of capture plus a delay D: the
 * least that lets nearly all frames of the last seconds arrive in time. Clients report how early
 * each frame was; its stamp less that is its arrival in the client's clock, whatever D was.
 *
 * While a client plays audio, its clock follows the audio, which has a delay of its own. Video in
 * step with the audio needs no D.
 *
 * No spice types. Times are in ms, of 32 bits, and wrap around.
 */
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace red {

class GlStamps
{
public:
    /* A frame waits no longer than this at the client, most of the time */
    static constexpr int32_t MOST_WAIT = 25;

    /* The stamp of the next frame, captured at CAPTURED in the server's clock. No two are equal,
     * since a client may drop the second frame; none is below the last, since that would empty the
     * client's queue. */
    uint32_t stamp(uint32_t captured)
    {
        const int32_t passed = started ? std::max(diff(captured, last_captured), 0) : 0;
        const double to = playing() ? 0 : target();
        if (to > delay || !started) {
            delay = to;
        } else {
            /* Falling fast would bring frames too close to each other */
            delay = std::max(to, delay - passed * (playing() ? FALL_PLAYING : FALL));
        }

        uint32_t result = captured + uint32_t(int32_t(delay));
        if (started && diff(result, last) <= 0) {
            result = last + 1;
        }
        if (result == 0) { /* which means none */
            result = 1;
        }
        started = true;
        last = result;
        last_captured = captured;
        sent[sent_count++ % sent.size()] = { result, captured };
        return result;
    }

    /* A stream report. END_FRAME_TIME: stamp of the last frame, which was EARLY by so much (below
     * 0: late). AUDIO_DELAY: UINT32_MAX if no audio plays, 0 if it does not drive the clock. */
    void reported(uint32_t end_frame_time, int32_t early, uint32_t frames, uint32_t drops,
                  uint32_t audio_delay)
    {
        if (drops == UINT32_MAX) {
            return; /* no such stream */
        }
        frames_reported += frames;
        drops_reported += drops;

        const bool was_playing = playing();
        audio_reported = audio_delay != UINT32_MAX && audio_delay > 0;
        if (was_playing != playing()) {
            forget();
        }
        for (const auto &frame : sent) {
            if (frame.stamp == end_frame_time && frame.stamp != 0) {
                if (!have_reports) {
                    have_reports = true;
                    sample_count = 0; /* discard what acknowledgements showed */
                }
                add(frame.captured, diff(end_frame_time - uint32_t(early), frame.captured));
                break;
            }
        }
    }

    /* For clients that send no reports. TOOK: from a frame's capture at CAPTURED until it was
     * acknowledged, less the shortest round trip */
    void acknowledged(uint32_t captured, int32_t took)
    {
        if (!have_reports) {
            add(captured, took);
        }
    }

    /* The server starts or stops sending this client audio */
    void set_playing(bool on)
    {
        const bool was_playing = playing();
        audio_sent = on;
        if (was_playing != playing()) {
            forget(); /* the client's clock jumps */
        }
    }

    /* The client's clock has been set again: earlier reports have become meaningless */
    void clock_set() { sample_count = 0; }

    bool playing() const { return audio_sent || audio_reported; }
    int32_t delay_ms() const { return int32_t(delay); }
    uint64_t frames() const { return frames_reported; }
    uint64_t drops() const { return drops_reported; } /* as counted by the client */

private:
    struct Frame {
        uint32_t stamp, captured;
    };
    struct Sample {
        uint32_t captured;
        int32_t took; /* from capture to arrival in the client's clock; below 0: if it is slow */
    };

    static constexpr int32_t START = 40;     /* until something is known */
    static constexpr int32_t SLACK = 3;      /* for coarse clocks, late timers and main loops */
    static constexpr uint32_t WINDOW = 3000; /* older samples are not used */
    static constexpr int32_t FARTHEST = 5000; /* a sample beyond this is nonsense */
    static constexpr double FALL = 0.02, FALL_PLAYING = 0.5; /* ms per ms */

    static int32_t diff(uint32_t a, uint32_t b) { return int32_t(a - b); }

    void forget()
    {
        sample_count = 0;
        known = false;
    }

    void add(uint32_t captured, int32_t took)
    {
        if (took > -FARTHEST && took < FARTHEST) {
            samples[sample_count++ % samples.size()] = { captured, took };
            known = true;
        }
    }

    /* What D should be */
    double target() const
    {
        std::array<int32_t, 256> took;
        size_t n = 0;
        for (size_t i = 0; i < std::min(sample_count, samples.size()); i++) {
            if (uint32_t(diff(last_captured, samples[i].captured)) < WINDOW) {
                took[n++] = samples[i].took;
            }
        }
        if (!n) {
            return known ? delay : START;
        }
        std::sort(took.begin(), took.begin() + ptrdiff_t(n));
        const int32_t nearly_all = took[std::min(n - 1, n * 99 / 100)], median = took[n / 2];
        return std::min(nearly_all + SLACK, median + MOST_WAIT);
    }

    std::array<Frame, 256> sent = {};
    std::array<Sample, 256> samples = {};
    size_t sent_count = 0, sample_count = 0;
    uint32_t last = 0, last_captured = 0;
    bool started = false, have_reports = false, known = false;
    bool audio_sent = false, audio_reported = false;
    double delay = START;
    uint64_t frames_reported = 0, drops_reported = 0;
};

} // namespace red
