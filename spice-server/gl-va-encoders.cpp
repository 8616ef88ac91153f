/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
#include "gl-va-encoders.hpp"

#include <algorithm>
#include <map>

#include <gst/gst.h>

#include "gl-codecs.hpp"

namespace red {

namespace {

struct Unref {
    void operator()(void *object) const { gst_object_unref(object); }
};
using Element = std::unique_ptr<GstElement, Unref>;

/* There are elements for AV1, too, but SPICE does not have it */
const std::map<SpiceVideoCodecType, const char *> codec_names = {
    { SPICE_VIDEO_CODEC_TYPE_VP8, "vp8" },
    { SPICE_VIDEO_CODEC_TYPE_H264, "h264" },
    { SPICE_VIDEO_CODEC_TYPE_VP9, "vp9" },
    { SPICE_VIDEO_CODEC_TYPE_H265, "h265" },
};

/* Is NAME "va", then "renderD" and a number on all GPUs but the first, then WHAT? */
bool is_va_name(std::string name, const std::string &what)
{
    if (name.compare(0, 2, "va") != 0) {
        return false;
    }
    name.erase(0, 2);
    if (name.compare(0, 7, "renderD") == 0) {
        name.erase(0, name.find_first_not_of("0123456789", 7));
    }
    return name == what;
}

/* The node that an element is for, which it reports without opening it */
std::string node_of(GstElement *element)
{
    if (!g_object_class_find_property(G_OBJECT_GET_CLASS(element), "device-path")) {
        return {};
    }
    gchar *path = nullptr;
    g_object_get(element, "device-path", &path, nullptr);
    const std::string node = path ? path : "";
    g_free(path);
    return node;
}

/* The element va…WHAT for this GPU, not floating. Sets *OTHERS if there is one for another GPU. */
Element find_element(const GlRenderNode &gpu, const std::string &what, bool *others)
{
    Element found;
    auto factories = gst_registry_get_feature_list(gst_registry_get(), GST_TYPE_ELEMENT_FACTORY);

    for (auto l = factories; l && !found; l = l->next) {
        auto factory = static_cast<GstElementFactory *>(l->data);
        if (!is_va_name(gst_plugin_feature_get_name(factory), what)) {
            continue;
        }
        Element element(gst_element_factory_create(factory, nullptr));
        if (!element) {
            continue;
        }
        gst_object_ref_sink(element.get());
        if (gpu.is(node_of(element.get()))) {
            found = std::move(element);
        } else {
            *others = true;
        }
    }
    gst_plugin_feature_list_free(factories);
    return found;
}

} // namespace

struct GlVaEncoders::Elements {
    std::map<SpiceVideoCodecType, Element> encoders;
    Element converter;
    Element holder; /* a pipeline that never plays, only holds the contexts */
    GList *contexts = nullptr;

    ~Elements()
    {
        g_list_free_full(contexts, [](void *context) {
            gst_context_unref(static_cast<GstContext *>(context));
        });
        if (holder) {
            gst_element_set_state(holder.get(), GST_STATE_NULL);
        }
    }
};

GlVaEncoders::GlVaEncoders(): elements(std::make_unique<Elements>()) {}

GlVaEncoders::~GlVaEncoders() = default;

/* Opens the GPU through ELEMENT, and keeps it open */
bool GlVaEncoders::keep(GstElement *element, std::string *why)
{
    auto bin = GST_BIN(elements->holder.get());

    gst_bin_add(bin, element);
    if (gst_element_set_state(element, GST_STATE_READY) != GST_STATE_CHANGE_FAILURE) {
        return true;
    }
    *why = std::string(GST_OBJECT_NAME(gst_element_get_factory(element))) +
        " cannot open " + render_node;
    gst_element_set_state(element, GST_STATE_NULL);
    gst_bin_remove(bin, element);
    return false;
}

std::shared_ptr<GlVaEncoders> GlVaEncoders::open(const GlRenderNode &gpu, std::string *why)
{
    if (!gpu) {
        *why = gpu.why;
        return {};
    }
    gl_codecs_load_va();
    if (!gl_codecs_work()) {
        *why = "GStreamer is not usable";
        return {};
    }

    std::shared_ptr<GlVaEncoders> self(new GlVaEncoders());
    bool others = false;
    std::string failure;
    self->render_node = gpu.path;
    self->elements->holder.reset(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
    for (const auto &codec : codec_names) {
        const std::string name = codec.second;
        for (const auto &ending : { name + "enc", name + "lpenc" }) {
            auto element = find_element(gpu, ending, &others);
            if (element && self->keep(element.get(), &failure)) {
                self->elements->encoders.emplace(codec.first, std::move(element));
                break;
            }
        }
    }
    if (self->elements->encoders.empty()) {
        *why = !failure.empty() ? failure :
            "GStreamer has no VA encoder for " + gpu.path +
            (others ? ", only for another GPU" : "");
        return {};
    }
    bool ignored = false;
    self->elements->converter = find_element(gpu, "postproc", &ignored);
    if (self->elements->converter &&
        !self->keep(self->elements->converter.get(), &failure)) {
        self->elements->converter.reset();
    }
    self->elements->contexts = gst_element_get_contexts(self->elements->holder.get());
    return self;
}

const char *GlVaEncoders::encoder(SpiceVideoCodecType codec) const
{
    auto found = elements->encoders.find(codec);
    return found == elements->encoders.end() ? nullptr :
        GST_OBJECT_NAME(gst_element_get_factory(found->second.get()));
}

GstElement *GlVaEncoders::make_encoder(SpiceVideoCodecType codec) const
{
    auto found = elements->encoders.find(codec);
    return found == elements->encoders.end() ? nullptr :
        gst_element_factory_create(gst_element_get_factory(found->second.get()), "encoder");
}

GstElement *GlVaEncoders::make_converter() const
{
    return elements->converter ? gst_element_factory_create(
        gst_element_get_factory(elements->converter.get()), "converter") : nullptr;
}

void GlVaEncoders::lend(GstElement *pipeline) const
{
    for (auto l = elements->contexts; l; l = l->next) {
        gst_element_set_context(pipeline, static_cast<GstContext *>(l->data));
    }
}

} // namespace red
