/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "gl-primary.hpp"

#include <cstdlib>

#include "dcc-private.h"
#include "display-channel-private.h"
#include "gl-hooks.h"
#include "red-parse-qxl.h"

namespace red {

bool GlPrimary::create(DisplayChannel *display, uint32_t width, uint32_t height)
{
    destroy(display);

    if (width > MAX_SIZE || height > MAX_SIZE) {
        spice_warning("scanout of %ux%u is too large for remote clients (at most %u each way)",
                      width, height, MAX_SIZE);
        return false;
    }
    red::glib_unique_ptr<uint8_t> memory(
        static_cast<uint8_t *>(g_try_malloc0(size_t{width} * 4 * height)));
    if (!memory) {
        spice_warning("no memory for a %ux%u surface", width, height);
        return false;
    }

    auto surface = display_channel_create_surface(display, 0, width, height, width * 4,
                                                  SPICE_SURFACE_FMT_32_xRGB, memory.get(),
                                                  FALSE, TRUE);
    if (!surface) {
        return false;
    }
    surface->owned_data = std::move(memory);
    w = width;
    h = height;
    mark_pending = true;

    DisplayChannelClient *dcc;
    FOREACH_DCC(display, dcc) {
        if (!gl_hook_no_surfaces(dcc)) {
            dcc_push_monitors_config(dcc); // that came before the surface may count for nothing
        }
    }
    return true;
}

void GlPrimary::destroy(DisplayChannel *display)
{
    if (!exists()) {
        return;
    }
    w = h = 0;

    video_stream_detach_and_stop(display);
    auto command = red::make_shared<RedSurfaceCmd>();
    command->surface_id = 0;
    command->type = QXL_SURFACE_CMD_DESTROY;
    display_channel_process_surface_cmd(display, std::move(command), false);

    /* A frame on its way to a client may keep the surface; clients hear of its end now all the
     * same, since another one may come under its number. */
    DisplayChannelClient *dcc;
    FOREACH_DCC(display, dcc) {
        dcc_destroy_surface(dcc, 0);
    }
}

static SpiceImage *image_new(DisplayChannel *display, const GlRect &rect, uint8_t *pixels)
{
    auto image = g_new0(SpiceImage, 1);
    const uint32_t stride = rect.w * 4;

    image->descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
    QXL_SET_IMAGE_ID(image, QXL_IMAGE_GROUP_RED, display_channel_generate_uid(display));
    image->descriptor.width = image->u.bitmap.x = rect.w;
    image->descriptor.height = image->u.bitmap.y = rect.h;
    image->u.bitmap.format = SPICE_BITMAP_FMT_32BIT;
    image->u.bitmap.flags = SPICE_BITMAP_FLAGS_TOP_DOWN;
    image->u.bitmap.stride = stride;
    image->u.bitmap.data = spice_chunks_new_linear(pixels, stride * rect.h);
    image->u.bitmap.data->flags |= SPICE_CHUNKS_FLAGS_FREE;
    return image;
}

void GlPrimary::draw(DisplayChannel *display, const GlRect &rect, uint8_t *pixels)
{
    auto drawable = red::make_shared<RedDrawable>();

    drawable->surface_id = 0;
    drawable->effect = QXL_EFFECT_OPAQUE;
    drawable->type = QXL_DRAW_COPY;
    drawable->bbox.left = rect.x;
    drawable->bbox.top = rect.y;
    drawable->bbox.right = rect.x + rect.w;
    drawable->bbox.bottom = rect.y + rect.h;
    drawable->clip.type = SPICE_CLIP_TYPE_NONE;
    for (auto &dep : drawable->surface_deps) {
        dep = -1;
    }
    auto &copy = drawable->u.copy;
    copy.src_bitmap = image_new(display, rect, pixels);
    copy.src_area.right = rect.w;
    copy.src_area.bottom = rect.h;
    copy.rop_descriptor = SPICE_ROPD_OP_PUT;
    copy.scale_mode = SPICE_IMAGE_SCALE_MODE_NEAREST;

    display_channel_process_draw(display, std::move(drawable), ++generation);

    if (mark_pending) {
        mark_pending = false;
        DisplayChannelClient *dcc;
        FOREACH_DCC(display, dcc) {
            if (!gl_hook_no_surfaces(dcc)) {
                dcc->pipe_add_empty_msg(SPICE_MSG_DISPLAY_MARK);
            }
        }
    }
}

} // namespace red
