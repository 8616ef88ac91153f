/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-frame.hpp"

#include <sys/mman.h>

namespace red {

GlFrame::GlFrame(uint32_t width, uint32_t height, uint8_t *memory_):
    w(width), h(height), memory(memory_)
{
}

GlFrame::~GlFrame()
{
    munmap(memory, stride() * h);
}

std::shared_ptr<GlFrame> GlFrame::create(uint32_t width, uint32_t height)
{
    const size_t size = size_t{width} * height * BYTES;
    void *memory = size == 0 ? MAP_FAILED : mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return {};
    }
    return std::shared_ptr<GlFrame>(new GlFrame(width, height, static_cast<uint8_t *>(memory)));
}

} // namespace red
