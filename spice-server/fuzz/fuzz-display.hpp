/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright 2026 Seed 6d55f7ea maintainers */
/* A server with a GL display on a real EGL, for targets that keep it from input to input, and
 * what must hold whatever the input is. */
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

#include "spice-fixture.hpp"

/* Ends the process with WHAT: a finding */
void require(bool condition, const char *what);

class FuzzDisplay
{
public:
    explicit FuzzDisplay(bool gl);
    ~FuzzDisplay();

    /* A scanout of any image: new, known, recycled under its id, with good or bad numbers */
    int scanout(FuzzedDataProvider &data, bool sane);
    /* A draw with any fence; does not wait for its answer */
    int draw(FuzzedDataProvider &data);
    void release(FuzzedDataProvider &data);
    uint32_t clients();
    bool wait_for_answers();
    /* At an input's end: nothing on the screen, all images given back once, all draws answered */
    void settle();

    SpiceServer *server = nullptr;
    std::unique_ptr<Display> head;
    QXLInstance *qxl = nullptr;

private:
    /* One image id and how often it came back */
    struct Lease {
        uint64_t id = 0;
        TextureImage *texture = nullptr;
        bool accepted = false; /* as a scanout */
        bool given_up = false; /* its caller may not use it any more */
        std::atomic<int> released { 0 };
    };
    static void give_back(QXLInstance *qxl, void *egl_image, void *opaque);
    Lease &lease(FuzzedDataProvider &data);
    EGLSync fence(FuzzedDataProvider &data);

    std::vector<std::unique_ptr<TextureImage>> textures;
    std::list<Lease> leases; /* of this input */
    uint64_t last_id = 0, last_cookie = 0, draws = 0;
};
