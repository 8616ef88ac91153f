/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the kernel's mode setting that a test guest needs. Errors throw
 * std::runtime_error with the call's name and errno's text. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "options.hpp"
#include "pattern.hpp"

class Card
{
public:
    /* The first card; waits up to TIMEOUT_MS for its node to appear */
    explicit Card(int timeout_ms);
    ~Card();
    Card(const Card &) = delete;
    Card &operator=(const Card &) = delete;

    struct Output {
        uint32_t connector, crtc; /* KMS object ids */
    };

    int fd() const { return card; }
    const std::vector<Output> &outputs() const { return outs; }

private:
    int card = -1;
    std::vector<Output> outs;
};

/* Memory with a framebuffer on it, mapped */
class Buffer
{
public:
    Buffer(const Card &card, Memory memory, uint32_t width, uint32_t height);
    ~Buffer();
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;

    uint32_t framebuffer() const { return fb; }
    const Canvas &canvas() const { return all; }
    /* A part of a buffer that several heads share */
    Canvas part(const Rect &rect) const;
    /* RECT has been drawn on; must be called before it is shown */
    void drawn(const Rect &rect) const;

private:
    int card;
    Memory memory;
    uint32_t handle = 0, fb = 0;
    size_t length = 0;
    Canvas all;
};

/* Shows PART of a framebuffer on an output */
void set_mode(const Card &card, const Card::Output &output, const Buffer &buffer,
              const Rect &part);
void disable(const Card &card, const Card::Output &output);
/* The mode that the monitor's EDID prefers: "WIDTHxHEIGHT@HZ" */
std::string preferred_mode(const Card &card, const Card::Output &output);
/* Display power management: the screen goes dark, and keeps its mode and framebuffer */
void set_dpms(const Card &card, const Card::Output &output, bool on);
/* Requests a flip with an event; read_flips() returns TAG */
void flip(const Card &card, const Card::Output &output, const Buffer &buffer, uintptr_t tag);
/* Reads the available events; returns the tags of completed flips */
std::vector<uintptr_t> read_flips(const Card &card);
/* Reports that RECT of the framebuffer has been drawn on */
void mark_dirty(const Card &card, const Buffer &buffer, const Rect &rect);

/* A pointer of 64x64 pixels with hot spot 3,5: an opaque triangle with lines of 1 to 48
 * pixels, magenta, or of 1 to 24 pixels, cyan, if it is SMALL. In a texture it is what a
 * compositor has rendered. */
class Cursor
{
public:
    Cursor(const Card &card, bool small, Memory memory);
    ~Cursor();
    Cursor(const Cursor &) = delete;
    Cursor &operator=(const Cursor &) = delete;
    void show(const Card::Output &output, int x, int y);
    /* Moves it, and keeps its shape */
    void move(const Card::Output &output, int x, int y);
    static void hide(const Card &card, const Card::Output &output);

private:
    int card;
    Memory kind;
    uint32_t handle = 0;
    size_t length = 0;
    void *memory = nullptr;
};
