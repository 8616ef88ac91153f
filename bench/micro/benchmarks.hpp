/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benchmarks: one operation each. The time does not include freeing its result unless the
 * name says so. */
#pragma once

#include <benchmark/benchmark.h>

#include "stage.hpp"

using Benchmark = void (*)(benchmark::State &state, Stage &stage, Size size);

/* image.cpp */
void clock_alone(benchmark::State &state, Stage &stage, Size size); /* the cost of timing itself */
void create_image(benchmark::State &state, Stage &stage, Size size); /* and destroy it */
void bind_image(benchmark::State &state, Stage &stage, Size size);
void fence(benchmark::State &state, Stage &stage, Size size);

/* dmabuf.cpp */
void export_query(benchmark::State &state, Stage &stage, Size size);
void export_again(benchmark::State &state, Stage &stage, Size size);
void export_first(benchmark::State &state, Stage &stage, Size size); /* with its queries */
void dup_close(benchmark::State &state, Stage &stage, Size size);
void send_receive(benchmark::State &state, Stage &stage, Size size);
void import_dmabuf(benchmark::State &state, Stage &stage, Size size); /* and destroy the image */

/* readback.cpp */
void readback_sync(benchmark::State &state, Stage &stage, Size size);
template <int percent> void readback_pbo(benchmark::State &state, Stage &stage, Size size);
extern template void readback_pbo<1>(benchmark::State &, Stage &, Size);
extern template void readback_pbo<10>(benchmark::State &, Stage &, Size);
extern template void readback_pbo<100>(benchmark::State &, Stage &, Size);

/* picture.cpp */
template <int percent> void flip_changing(benchmark::State &state, Stage &stage, Size size);
extern template void flip_changing<1>(benchmark::State &, Stage &, Size);
extern template void flip_changing<10>(benchmark::State &, Stage &, Size);
extern template void flip_changing<100>(benchmark::State &, Stage &, Size);
