/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest shows: options of the kernel's command line, or the program's arguments. */
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
    Flip,  /* two or more buffers, one page flip per frame */
    Dirty, /* one buffer drawn in place, DIRTYFB for what changed */
};

enum class Layout {
    Apart,  /* each head has framebuffers of its own */
    Row,    /* the heads are parts of one framebuffer: side by side, */
    Column, /* one below the other, */
    Grid,   /* or two in a line */
};

/* The memory of framebuffers */
enum class Memory {
    Dumb,         /* dumb buffers, which the kernel copies to the host */
    Texture,      /* virgl textures as a guest's Mesa makes them, top line first */
    TextureUp,    /* virgl textures, lowest line first (Y_0_TOP) */
};

/* "dumb", "texture" or "texture-up"; false: TEXT is none of these */
bool parse_memory(const std::string &text, Memory *memory);

struct Options {
    static constexpr int64_t FOREVER = -1;

    std::string pattern = "corners";
    Size size{1280, 720};
    uint32_t rate = 60;          /* frames per second; 0: as fast as possible */
    int64_t flips = FOREVER;     /* the picture stands still after this many frames; 0: from the beginning */
    uint32_t heads = 1;
    uint32_t buffers = 2;        /* a head */
    Layout layout = Layout::Apart;
    Memory memory = Memory::Dumb;
    Mode mode = Mode::Flip;
    bool cursor = false;
    bool sync = false;           /* a frame is complete when the host has taken it */
    uint32_t gap = 100;          /* longer times between frames are counted, milliseconds */
    bool input = false;          /* print the events of keyboards and pointers */
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
