/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls all functions of spice-qxl-gl.h in a library that was built without EGL */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <spice.h>

static int failures;

static void refused(const char *call, int error)
{
    if (error != -ENOTSUP) {
        fprintf(stderr, "%s returns %d, not -ENOTSUP\n", call, error);
        failures++;
    }
}

int main(void)
{
    QXLGLScanout scanout;
    QXLGLStats stats;

    memset(&scanout, 0, sizeof(scanout));
    scanout.size = sizeof(scanout);
    memset(&stats, 0, sizeof(stats));
    stats.size = sizeof(stats);
    refused("init", spice_qxl_gl_init(NULL, NULL));
    refused("scanout_texture", spice_qxl_gl_scanout_texture(NULL, &scanout));
    spice_qxl_gl_release_texture(NULL, 1);
    refused("draw_fence_async", spice_qxl_gl_draw_fence_async(NULL, 0, 0, 1, 1, NULL, 0));
    refused("get_stats", spice_qxl_gl_get_stats(NULL, &stats, NULL, NULL));
    refused("set_path_callback", spice_qxl_gl_set_path_callback(NULL, NULL, NULL));
    refused("set_max_rate", spice_qxl_gl_set_max_rate(NULL, 60));
    if (!spice_qxl_gl_version()) {
        fprintf(stderr, "version returns NULL\n");
        failures++;
    }
    return failures != 0;
}
