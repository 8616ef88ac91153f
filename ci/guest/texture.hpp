/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory such as a guest's 3D driver draws in: a texture of virglrenderer's, with guest memory that
 * is copied to it on demand. Errors throw std::runtime_error. */
#pragma once

#include <cstddef>
#include <cstdint>

#include "pattern.hpp"

enum class TextureFor { Scanout, Cursor };

/* XRGB8888, or ARGB8888 for a cursor, mapped; LENGTH in bytes. UPWARDS: the host keeps the lowest
 * line first, as it does for dumb buffers; otherwise the top line. Close HANDLE with
 * drmCloseBufferHandle(). */
void *make_texture(int card, TextureFor what, uint32_t width, uint32_t height, bool upwards,
                   uint32_t *handle, uint32_t *pitch, size_t *length);
/* Copies RECT to the host, before the device executes later commands */
void send_texture(int card, uint32_t handle, uint32_t pitch, const Rect &rect);
