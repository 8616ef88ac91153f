/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "display.hpp"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <gbm.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <epoxy/gl.h>

#include "gl-render-node.hpp"
#include "gl-context.hpp"

using namespace red;

namespace {

bool client_has(const char *extension)
{
    return epoxy_has_egl_extension(EGL_NO_DISPLAY, extension);
}

void add_reason(std::string *why, const std::string &reason)
{
    *why += (why->empty() ? "" : "; ") + reason;
}

/* GBM accepts any file, and then renders in software */
bool is_drm_node(int fd)
{
    constexpr unsigned DRM_MAJOR = 226;
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) == DRM_MAJOR) {
        return true;
    }
    errno = ENODEV;
    return false;
}

/* A GBM device on NODE, which closes its fd at the end; null with errno */
std::shared_ptr<gbm_device> gbm_on(const std::string &node)
{
    const int fd = open(node.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return {};
    }
    gbm_device *device = is_drm_node(fd) ? gbm_create_device(fd) : nullptr;
    if (!device) {
        const int error = errno;
        close(fd);
        errno = error;
        return {};
    }
    return { device, [fd](gbm_device *gone) {
        gbm_device_destroy(gone);
        close(fd);
    } };
}

std::string first_render_node()
{
    for (int minor = 128; minor < 192; minor++) {
        const std::string node = "/dev/dri/renderD" + std::to_string(minor);
        if (access(node.c_str(), F_OK) == 0) {
            return node;
        }
    }
    return {};
}

std::vector<EGLDeviceEXT> hardware_devices()
{
    EGLint count = 0;
    if (!eglQueryDevicesEXT(0, nullptr, &count) || count < 1) {
        return {};
    }
    std::vector<EGLDeviceEXT> devices(count);
    if (!eglQueryDevicesEXT(count, devices.data(), &count)) {
        return {};
    }
    std::vector<EGLDeviceEXT> hardware;
    for (EGLint i = 0; i < count; i++) {
        const char *extensions = eglQueryDeviceStringEXT(devices[i], EGL_EXTENSIONS);
        if (extensions && !epoxy_extension_in_string(extensions, "EGL_MESA_device_software")) {
            hardware.push_back(devices[i]);
        }
    }
    return hardware;
}

} // namespace

Display::Display(const char *platform, EGLDisplay made, std::shared_ptr<void> made_on):
    name(platform),
    base(std::move(made_on)),
    display(made)
{
}

Display::~Display()
{
    if (display != EGL_NO_DISPLAY) {
        eglTerminate(display);
    }
}

/* Initialised, with a context. Mesa renders in software, without dma-bufs, for a node that it has
 * no driver for: that must not hide the driver that another EGL has. */
bool Display::usable(std::string *why) const
{
    std::string problem;
    if (display == EGL_NO_DISPLAY || !eglInitialize(display, nullptr, nullptr)) {
        problem = std::string("eglInitialize: ") + egl_error_name(eglGetError());
    } else if (auto context = GlContext::create(display, nullptr, &problem)) {
        const bool software = context->renderer().find("llvmpipe") != std::string::npos ||
            context->renderer().find("softpipe") != std::string::npos;
        if (!software || context->can_export() || strcmp(name, "surfaceless") == 0) {
            return true;
        }
        problem = "only a software renderer";
    }
    add_reason(why, std::string(name) + ": " + problem);
    return false;
}

std::unique_ptr<Display> Display::on_gbm(const std::string &node, std::string *why)
{
    if (!client_has("EGL_MESA_platform_gbm") && !client_has("EGL_KHR_platform_gbm")) {
        add_reason(why, "EGL has no platform GBM");
        return {};
    }
    auto gbm = gbm_on(node);
    if (!gbm) {
        add_reason(why, "GBM on " + node + ": " + strerror(errno));
        return {};
    }
    std::unique_ptr<Display> display(new Display("gbm",
        eglGetPlatformDisplayEXT(EGL_PLATFORM_GBM_MESA, gbm.get(), nullptr), gbm));
    return display->usable(why) ? std::move(display) : nullptr;
}

std::unique_ptr<Display> Display::on_device(const std::string &node, std::string *why)
{
    /* EGL_EXT_device_base is both; NVIDIA's EGL names it alone */
    if (!client_has("EGL_EXT_platform_device") ||
        (!client_has("EGL_EXT_device_base") &&
         (!client_has("EGL_EXT_device_query") || !client_has("EGL_EXT_device_enumeration")))) {
        add_reason(why, "EGL has no platform device");
        return {};
    }
    for (EGLDeviceEXT device : hardware_devices()) {
        std::unique_ptr<Display> display(new Display("device",
            eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT, device, nullptr)));
        if (display->usable(why) && (node.empty() || gl_render_node_of(display->handle()).is(node))) {
            return display;
        }
    }
    add_reason(why, node.empty() ? "no EGL device with a driver" : "no EGL device for " + node);
    return {};
}

std::unique_ptr<Display> Display::surfaceless(std::string *why)
{
    if (!client_has("EGL_MESA_platform_surfaceless")) {
        add_reason(why, "EGL has no platform surfaceless");
        return {};
    }
    std::unique_ptr<Display> display(new Display("surfaceless",
        eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr)));
    return display->usable(why) ? std::move(display) : nullptr;
}

std::unique_ptr<Display> Display::open(const std::string &node, std::string *why)
{
    const std::string gbm_node = node.empty() ? first_render_node() : node;
    std::unique_ptr<Display> display;
    if (!gbm_node.empty()) {
        display = on_gbm(gbm_node, why);
    }
    if (!display) {
        display = on_device(node, why);
    }
    if (!display && node.empty()) {
        display = surfaceless(why);
    }
    return display;
}
