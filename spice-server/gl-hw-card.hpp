/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GStreamer's VA encoders that are on one card, opened while the card's node can be reached.
 *
 * An element opens its node each time it gets ready. Elements that know GstContexts use a card
 * that another one has opened, so one element of each kind is kept ready and its contexts are
 * given to those that encode.
 */
#pragma once

#include <memory>
#include <string>

#include <spice/enums.h>

#include "gl-card.hpp"

typedef struct _GstElement GstElement;

namespace red {

class GlHwCard
{
public:
    /* Null, with the reason in *why, when the card has no encoder that works. Takes as long as
     * opening a card takes; main thread. */
    static std::shared_ptr<GlHwCard> open(const GlCard &card, std::string *why);
    ~GlHwCard();
    GlHwCard(const GlHwCard &) = delete;
    GlHwCard &operator=(const GlHwCard &) = delete;

    const std::string &node() const { return render_node; }
    /* "vah264enc" and the like; null: the card does not encode it. Any thread, as all below */
    const char *encoder(SpiceVideoCodecType codec) const;
    /* New elements, floating. The converter makes on the card what an encoder takes; null: none */
    GstElement *make_encoder(SpiceVideoCodecType codec) const;
    GstElement *make_converter() const;
    /* Lets a pipeline's elements use the card that has been opened */
    void lend(GstElement *pipeline) const;

private:
    GlHwCard();
    bool keep(GstElement *element, std::string *why);

    struct Elements;
    std::string render_node;
    std::unique_ptr<Elements> elements;
};

} // namespace red
