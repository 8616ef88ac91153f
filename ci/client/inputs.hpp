/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard and the pointer of a session. */
#pragma once

#include <json-glib/json-glib.h>
#include <spice-client.h>

class Inputs
{
public:
    Inputs() = default;
    ~Inputs();
    Inputs(const Inputs &) = delete;
    Inputs &operator=(const Inputs &) = delete;

    /* The session's channels, as they are offered */
    void take(SpiceChannel *channel);
    /* Connects, and requests absolute pointer positions; false: not offered */
    bool connect();
    /* A key of set 1, pressed and released */
    void press(unsigned scancode);
    /* To pixels of a display */
    void move(int x, int y, int display);

    /* As members of the object that BUILDER is in */
    void report(JsonBuilder *builder) const;

private:
    SpiceChannel *main = nullptr, *inputs = nullptr; /* referenced */
    bool open = false;
};
