/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-jpeg.hpp"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <iterator>

#include <jpeglib.h>

#ifndef JCS_EXTENSIONS
#error "a libjpeg that takes B, G, R, x as it is in memory is needed: libjpeg-turbo"
#endif

namespace red {

/* libjpeg leaves by longjmp() on errors. Stack frames between that and setjmp() are those of
 * libjpeg and of the functions below, which have no objects with destructors. */
class GlJpeg::Compressor
{
public:
    Compressor();
    ~Compressor();

    bool encode(const GlFrame &frame, const GlRect &area, int quality);
    const uint8_t *data() const { return output.data(); }
    size_t size() const { return output.size() - destination.free_in_buffer; }

private:
    static Compressor *self(j_common_ptr info)
    {
        return static_cast<Compressor *>(info->client_data);
    }
    static void on_error(j_common_ptr info);
    static void on_message(j_common_ptr, int) {}
    static void on_text(j_common_ptr) {}
    static void on_begin(j_compress_ptr info);
    static boolean on_full(j_compress_ptr info);
    static void on_end(j_compress_ptr) {}

    void rewind(size_t filled);

    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    jpeg_destination_mgr destination{};
    std::jmp_buf failed;
    bool created = false;
    /* Never shrinks: growing it, and clearing the new part, takes time */
    std::vector<uint8_t> output;
};

GlJpeg::Compressor::Compressor()
{
    info.err = jpeg_std_error(&errors);
    errors.error_exit = on_error; /* the standard one calls exit() */
    errors.emit_message = on_message;
    errors.output_message = on_text;
    destination.init_destination = on_begin;
    destination.empty_output_buffer = on_full;
    destination.term_destination = on_end;
    info.client_data = this;

    if (setjmp(failed)) {
        return;
    }
    jpeg_create_compress(&info);
    info.dest = &destination;
    created = true;
}

GlJpeg::Compressor::~Compressor()
{
    jpeg_destroy_compress(&info);
}

void GlJpeg::Compressor::on_error(j_common_ptr info)
{
    std::longjmp(self(info)->failed, 1);
}

void GlJpeg::Compressor::rewind(size_t filled)
{
    destination.next_output_byte = output.data() + filled;
    destination.free_in_buffer = output.size() - filled;
}

void GlJpeg::Compressor::on_begin(j_compress_ptr info)
{
    constexpr size_t BEGIN = 256 * 1024;
    auto compressor = self(reinterpret_cast<j_common_ptr>(info));

    if (compressor->output.empty()) {
        compressor->output.resize(BEGIN);
    }
    compressor->rewind(0);
}

boolean GlJpeg::Compressor::on_full(j_compress_ptr info)
{
    auto compressor = self(reinterpret_cast<j_common_ptr>(info));
    const size_t filled = compressor->output.size(); /* by contract, not what free_in_buffer says */

    compressor->output.resize(filled * 2);
    compressor->rewind(filled);
    return TRUE;
}

bool GlJpeg::Compressor::encode(const GlFrame &frame, const GlRect &area, int quality)
{
    constexpr uint32_t LINES = 16; /* in a row of blocks */

    if (!created) {
        return false;
    }
    if (setjmp(failed)) {
        jpeg_abort_compress(&info);
        return false;
    }
    info.image_width = area.w;
    info.image_height = area.h;
    info.input_components = GlFrame::BYTES;
    info.in_color_space = JCS_EXT_BGRX;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    /* The errors of the fast DCT are visible at high quality */
    info.dct_method = quality > 90 ? JDCT_ISLOW : JDCT_IFAST;
    info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 2;
    for (int i = 1; i < info.num_components; i++) {
        info.comp_info[i].h_samp_factor = info.comp_info[i].v_samp_factor = 1;
    }

    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < area.h) {
        JSAMPROW lines[LINES];
        const uint32_t n = std::min(LINES, area.h - info.next_scanline);
        for (uint32_t i = 0; i < n; i++) {
            /* libjpeg takes no const pointers, but does not write */
            lines[i] = const_cast<uint8_t *>(frame.pixel(area.x, area.y + info.next_scanline + i));
        }
        jpeg_write_scanlines(&info, lines, n);
    }
    jpeg_finish_compress(&info);
    return true;
}

GlJpeg::GlJpeg(): compressor(std::make_unique<Compressor>()) {}

GlJpeg::~GlJpeg() = default;

bool GlJpeg::encode(const GlFrame &frame, const GlRect &area, int quality,
                    std::vector<uint8_t> *jpeg)
{
    if (area.empty() || !(area == area.clipped(frame.width(), frame.height())) ||
        !compressor->encode(frame, area, std::clamp(quality, 1, 100))) {
        return false;
    }
    jpeg->assign(compressor->data(), compressor->data() + compressor->size());
    return true;
}

/* ---- shared by clients ---- */

GlJpegShare::Jpeg GlJpegShare::get(const GlFrame &frame, const GlRect &area, int quality,
                                   GlJpeg *jpeg)
{
    std::unique_lock<std::mutex> guard(lock);
    for (auto &known : entries) {
        if (known->serial == frame.serial && known->area == area && known->quality == quality) {
            const auto entry = known; /* the list may drop it meanwhile */
            changed.wait(guard, [&] { return entry->done; });
            return entry->jpeg;
        }
    }
    auto entry = std::make_shared<Entry>();
    entry->serial = frame.serial;
    entry->area = area;
    entry->quality = quality;
    entries.push_front(entry);
    count++;

    guard.unlock();
    auto made = std::make_shared<std::vector<uint8_t>>();
    const bool good = jpeg->encode(frame, area, quality, made.get());
    guard.lock();

    if (good) {
        entry->jpeg = std::move(made);
    }
    entry->done = true;
    changed.notify_all();

    size_t kept = 0;
    entries.remove_if([&](const std::shared_ptr<Entry> &e) { return e->done && ++kept > KEPT; });
    return entry->jpeg;
}

void GlJpegShare::clear()
{
    std::lock_guard<std::mutex> guard(lock);
    entries.remove_if([](const std::shared_ptr<Entry> &e) { return e->done; });
}

uint64_t GlJpegShare::encodings() const
{
    std::lock_guard<std::mutex> guard(lock);
    return count;
}

/* ---- quality ---- */

namespace {

/* The size at a quality, relative to that at REFERENCE: the geometric mean of text, renderings,
 * photographs and noise. Single pictures deviate by up to a third at the ends, and by less within a
 * few steps of the last observation. */
struct Step {
    int quality;
    double size;
};

constexpr Step STEPS[] = {
    { 30, 0.45 }, { 36, 0.50 }, { 42, 0.545 }, { 48, 0.59 }, { 54, 0.63 }, { 60, 0.68 },
    { 65, 0.735 }, { 70, 0.805 }, { 75, 0.88 }, { 80, 1.0 }, { 84, 1.14 }, { 88, 1.34 },
    { 92, 1.68 },
};

/* Bytes of tables and markers in each JPEG, whatever its picture */
constexpr double HEADER = 620;

/* Interpolates between the two nearest steps; extrapolates beyond them */
double relative_size(int asked)
{
    const int quality = std::clamp(asked, 1, 100);
    auto above = std::find_if(std::begin(STEPS) + 1, std::end(STEPS) - 1, [&](const Step &s) {
        return s.quality >= quality;
    });
    const auto below = above - 1;
    const double way = double(quality - below->quality) / (above->quality - below->quality);
    return std::max(0.1, below->size + way * (above->size - below->size));
}

} // namespace

int GlJpegQuality::current() const
{
    return STEPS[step].quality;
}

size_t GlJpegQuality::expected(int quality, size_t pixels) const
{
    constexpr double MOST = 1e15; /* fits in the result, whatever was observed */

    return std::min(MOST, HEADER + bytes_per_pixel * relative_size(quality) * pixels);
}

int GlJpegQuality::choose(size_t target, size_t pixels)
{
    /* The quality rises only if the size stays below this part of the target */
    constexpr double RISE = 0.88;

    if (step + 1 < std::size(STEPS) &&
        double(expected(STEPS[step + 1].quality, pixels)) <= RISE * target) {
        step++;
    }
    while (step > 0 && expected(STEPS[step].quality, pixels) > target) {
        step--;
    }
    return current();
}

void GlJpegQuality::observed(int quality, size_t bytes, size_t pixels)
{
    /* Larger pictures are taken into account faster: a frame that is too large is late, and so are
     * all that follow it */
    constexpr double UP = 0.6, DOWN = 0.25;

    if (pixels == 0 || bytes == 0) {
        return;
    }
    const double now = std::max(bytes - HEADER, 1.0) / relative_size(quality) / pixels;
    if (observations++ == 0) {
        bytes_per_pixel = now;
    } else {
        bytes_per_pixel += (now > bytes_per_pixel ? UP : DOWN) * (now - bytes_per_pixel);
    }
}

} // namespace red
