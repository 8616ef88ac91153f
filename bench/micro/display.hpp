/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EGLDisplay to measure on, looked for in the same order as in QEMU. */
#pragma once

#include <memory>
#include <string>

#include <epoxy/egl.h>

class Display
{
public:
    /* GBM on the render node NODE, or the EGL device of that node. NODE empty: on the first
     * render node, else the first EGL device with a driver, else surfaceless, which is
     * software where there is no GPU. Null, with all tries in *WHY, if none works. */
    static std::unique_ptr<Display> open(const std::string &node, std::string *why);
    ~Display();
    Display(const Display &) = delete;
    Display &operator=(const Display &) = delete;

    EGLDisplay handle() const { return display; }
    const char *platform() const { return name; } /* "gbm", "device" or "surfaceless" */

private:
    Display(const char *platform, EGLDisplay made, std::shared_ptr<void> made_on = {});
    static std::unique_ptr<Display> on_gbm(const std::string &node, std::string *why);
    static std::unique_ptr<Display> on_device(const std::string &node, std::string *why);
    static std::unique_ptr<Display> surfaceless(std::string *why);
    bool usable(std::string *why) const;

    const char *const name;
    const std::shared_ptr<void> base; /* must outlive the display */
    const EGLDisplay display;
};
