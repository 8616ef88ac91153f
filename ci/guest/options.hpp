/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest is asked to show: from the kernel's command line, or from the program's arguments. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct Size {
    uint32_t width = 0, height = 0; /* pixels */
};

/* False if TEXT is not WIDTHxHEIGHT with both from 1 to 16384 */
bool parse_size(const std::string &text, Size *size);

enum class Mode {
    Flip,  /* two or more buffers, a page flip per frame */
    Dirty, /* one buffer drawn in place, DIRTYFB with what changed */
};

enum class Layout {
    Apart,  /* each head has framebuffers of its own */
    Row,    /* the heads are parts of one framebuffer: side by side, */
    Column, /* one below the other, */
    Grid,   /* or two in a line */
};

/* What framebuffers are made of */
enum class Memory {
    Dumb,         /* dumb buffers, which the kernel copies to the host */
    Texture,      /* virgl textures as a guest's Mesa makes them, top line first */
    TextureUp,    /* the same, lowest line first (Y_0_TOP) */
};

/* "dumb", "texture" or "texture-up"; false: TEXT is none of these */
bool parse_memory(const std::string &text, Memory *memory);

struct Options {
    static constexpr int64_t FOREVER = -1;

    std::string pattern = "corners";
    Size size{1280, 720};
    uint32_t rate = 60;          /* frames a second; 0: as fast as they go */
    int64_t flips = FOREVER;     /* frames after which it holds the picture; 0: a still picture */
    uint32_t heads = 1;
    uint32_t buffers = 2;        /* a head */
    Layout layout = Layout::Apart;
    Memory memory = Memory::Dumb;
    Mode mode = Mode::Flip;
    bool cursor = false;
    bool sync = false;           /* a frame is done when the host has taken it */
    uint32_t gap = 100;          /* milliseconds between frames worth a line */
    bool input = false;          /* say what comes from keyboards and pointers */
    bool echo = false;           /* a square that each key turns from black to white and back */
    bool wait = false;           /* leave the kernel's console on the screen until "start" */
    std::vector<Size> resizes;   /* sizes to go through, one every resize_every frames */
    uint32_t resize_every = 60;
    std::string end = "hold";    /* after the last frame: hold, reboot or poweroff */

    /* One "key=value". False with *why if the key or its value is not known. */
    bool set(const std::string &key, const std::string &value, std::string *why);
    /* All "spicegl.key=value" words of a kernel command line */
    bool parse_kernel(const std::string &cmdline, std::string *why);
};

extern const char *const OPTIONS_HELP;
