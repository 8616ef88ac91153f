/*
 * What EGL is initialized on, and in which order
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "ui/egl-candidates.h"

static const char *const no_nodes[] = { NULL };
static const char *const two_nodes[] = { "D128", "D129", NULL };

static const EglDeviceInfo devices[] = {
    { .node = "D129" },
    { .software = true },
    { .node = NULL },
};

/* A word per candidate: platform, node or number, and ~ if software will do */
static void check(const EglHost *host, const char *wanted)
{
    g_autoptr(GArray) list = egl_candidates(host);
    g_autoptr(GString) words = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < list->len; i++) {
        EglCandidate *c = &g_array_index(list, EglCandidate, i);

        g_string_append_printf(words, "%s%s", i ? " " : "",
                               egl_platform_str(c->platform));
        if (c->platform == EGL_ON_DEVICE) {
            g_string_append_printf(words, "/%u", c->device);
        } else if (c->node) {
            g_string_append_printf(words, "/%s", c->node);
        }
        g_string_append(words, c->software ? "~" : "");
    }
    g_assert_cmpstr(words->str, ==, wanted);
}

static void test_hardware_comes_before_software(void)
{
    EglHost host = { .nodes = two_nodes, .devices = devices, .n_devices = 3 };

    check(&host, "gbm/D128 gbm/D129 device/0 device/2 "
                 "device/1~ surfaceless~ gbm/D128~ gbm/D129~");
}

static void test_devices_without_a_node(void)
{
    EglHost host = { .nodes = no_nodes, .devices = devices, .n_devices = 3 };

    check(&host, "device/0 device/2 surfaceless~ device/1~");
}

static void test_there_is_nothing(void)
{
    EglHost host = { .nodes = no_nodes };

    check(&host, "surfaceless~");
}

static void test_a_named_node_is_used_or_nothing(void)
{
    EglDeviceInfo named[] = { { .node = "D129" },
                              { .node = "D128", .wanted = true },
                              { .software = true } };
    EglHost host = { .rendernode = "D128", .nodes = two_nodes,
                     .devices = named, .n_devices = 3 };

    check(&host, "gbm/D128 device/1");
    host.n_devices = 1;
    check(&host, "gbm/D128");
}

static void test_one_platform_alone(void)
{
    EglHost host = { .platform = "device", .nodes = two_nodes,
                     .devices = devices, .n_devices = 3 };

    check(&host, "device/0 device/2 device/1~");
    host.platform = "gbm";
    check(&host, "gbm/D128 gbm/D129 gbm/D128~ gbm/D129~");
    host.platform = "x11";
    check(&host, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/egl-candidates/hardware-comes-before-software",
                    test_hardware_comes_before_software);
    g_test_add_func("/egl-candidates/devices-without-a-node",
                    test_devices_without_a_node);
    g_test_add_func("/egl-candidates/there-is-nothing", test_there_is_nothing);
    g_test_add_func("/egl-candidates/a-named-node-is-used-or-nothing",
                    test_a_named_node_is_used_or_nothing);
    g_test_add_func("/egl-candidates/one-platform-alone",
                    test_one_platform_alone);
    return g_test_run();
}
