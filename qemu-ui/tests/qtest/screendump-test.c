/*
 * QTest: screendumps of modes whose rows are not a multiple of four bytes
 *
 * Copyright 2026 Seed 6d55f7ea maintainers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "libqos/pci-pc.h"

#define SLOT 4
#define WIDTH 801
#define HEIGHT 600

/* bochs-display: 16-bit registers in BAR 2 */
#define VBE_BAR 2
#define VBE_REG(n) (0x500 + 2 * (n))
#define VBE_XRES 1
#define VBE_YRES 2
#define VBE_BPP 3
#define VBE_ENABLE 4

static void set_mode(QTestState *qts, QPCIBus *bus)
{
    QPCIDevice *dev = qpci_device_find(bus, QPCI_DEVFN(SLOT, 0));
    QPCIBar bar;

    g_assert_nonnull(dev);
    qpci_device_enable(dev);
    bar = qpci_iomap(dev, VBE_BAR, NULL);
    qpci_io_writew(dev, bar, VBE_REG(VBE_XRES), WIDTH);
    qpci_io_writew(dev, bar, VBE_REG(VBE_YRES), HEIGHT);
    qpci_io_writew(dev, bar, VBE_REG(VBE_BPP), 32);
    qpci_io_writew(dev, bar, VBE_REG(VBE_ENABLE), 1);
    g_free(dev);
}

/* A PPM file is a header and three bytes for each pixel, with no padding */
static void test_ppm_odd_width(void)
{
    g_autofree char *header = g_strdup_printf("P6\n%d %d\n255\n",
                                              WIDTH, HEIGHT);
    g_autofree char *path = NULL;
    g_autofree char *data = NULL;
    QTestState *qts = qtest_initf("-vga none -device bochs-display,addr=%d",
                                  SLOT);
    QPCIBus *bus = qpci_new_pc(qts, NULL);
    gsize size;
    int fd;

    set_mode(qts, bus);
    fd = g_file_open_tmp("qtest-screendump-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    qtest_qmp_assert_success(qts, "{ 'execute': 'screendump',"
                             "  'arguments': { 'filename': %s } }", path);
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    g_assert_true(g_str_has_prefix(data, header));
    g_assert_cmpuint(size, ==, strlen(header) + WIDTH * HEIGHT * 3);

    unlink(path);
    qpci_free_pc(bus);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/screendump/ppm-odd-width", test_ppm_odd_width);
    return g_test_run();
}
