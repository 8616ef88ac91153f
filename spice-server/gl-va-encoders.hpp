/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/*
 * GStreamer's VA encoders on one GPU, opened while the GPU's render node can be reached.
 *
 * An element opens its node each time it becomes ready, unless a GstContext lends it a GPU that
 * another element has opened. So one element of each kind is kept ready, and its contexts are lent
 * to the elements that encode.
 */
#pragma once

#include <memory>
#include <string>

#include <spice/enums.h>

#include "gl-render-node.hpp"

typedef struct _GstElement GstElement;

namespace red {

class GlVaEncoders
{
public:
    /* Null, with the reason in *why, if the GPU has no encoder that works. Takes as long as
     * opening a GPU takes; main thread. */
    static std::shared_ptr<GlVaEncoders> open(const GlRenderNode &gpu, std::string *why);
    ~GlVaEncoders();
    GlVaEncoders(const GlVaEncoders &) = delete;
    GlVaEncoders &operator=(const GlVaEncoders &) = delete;

    const std::string &node() const { return render_node; }
    /* "vah264enc" and the like; null: the GPU cannot encode CODEC. Any thread, as all below */
    const char *encoder(SpiceVideoCodecType codec) const;
    /* New elements, floating; null: there is none. The converter converts, on the GPU, to a format
     * that encoders accept. */
    GstElement *make_encoder(SpiceVideoCodecType codec) const;
    GstElement *make_converter() const;
    /* Lets a pipeline's elements use the GPU that has been opened */
    void lend(GstElement *pipeline) const;

private:
    GlVaEncoders();
    bool keep(GstElement *element, std::string *why);

    struct Elements;
    std::string render_node;
    std::unique_ptr<Elements> elements;
};

} // namespace red
