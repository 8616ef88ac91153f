# SPDX-License-Identifier: GPL-2.0-or-later
"""The places of the parts that a test needs, and what works on this machine."""

import glob
import os
import shutil
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.path.join(TOP, "build")
INSTALL = os.path.join(BUILD, "install")


class Missing(Exception):
    """A part has not been built; the text says which, and how to build it"""


def built(path, how):
    """build/PATH, which HOW makes"""
    full = os.path.join(BUILD, path)
    if not os.path.exists(full):
        raise Missing("{} is missing: run {}".format(os.path.relpath(full, TOP), how))
    return full


def client():
    return built("client/spicegl-client", "scripts/build client")


def admin(name):
    """spicegl-NAME of packages/tools"""
    return built("admin/spicegl-" + name, "scripts/build admin")


def link():
    return built("tools/ci/link/spicegl-link", "scripts/build doubles")


def guest():
    """Kernel and initramfs"""
    return (built("guest/vmlinux", "scripts/build guest"),
            built("guest/initrd.img", "scripts/build guest"))


def desktop():
    """Disk and initramfs of the guest with a desktop; its kernel is guest()'s"""
    return (built("desktop/disk", "ci/desktop/make"),
            built("desktop/initrd.img", "ci/desktop/make"))


def compressed_kernel():
    """The kernel as in its package, which SeaBIOS and its own decompressor start"""
    found = sorted(glob.glob(os.path.join(BUILD, "guest", "kernel", "boot", "vmlinuz-*")))
    if not found:
        raise Missing("build/guest/kernel/boot has no vmlinuz: run scripts/build guest")
    return found[-1]


def qemu():
    """The QEMU under test: $QEMU, or the first in $PATH"""
    found = os.environ.get("QEMU") or shutil.which("qemu-system-x86_64")
    if not found:
        raise Missing("no qemu-system-x86_64 in $PATH: use scripts/shell, or set QEMU")
    return found


def qemu_with_planes():
    """A QEMU with the double of a GPU's planes"""
    return built("install/planes/bin/qemu-system-x86_64", "scripts/build planes")


def import_qmp():
    """qemu.qmp's legacy module: packaged, or from a QEMU source tree"""
    try:
        from qemu.qmp import legacy
        return legacy
    except ImportError:
        pass
    trees = [os.environ.get("QEMU_PYTHON", "")] + sorted(
        glob.glob(os.path.join(BUILD, "*", "qemu*", "python")) +
        glob.glob(os.path.join(BUILD, "*", "*", "qemu*", "python")))
    for tree in trees:
        if os.path.isdir(os.path.join(tree, "qemu", "qmp")):
            sys.path.insert(0, tree)
            from qemu.qmp import legacy
            return legacy
    raise Missing("no qemu.qmp: install python3-qemu-qmp, run scripts/build qemu, or set "
                  "QEMU_PYTHON to the python directory of a QEMU source tree")


def has_real_udmabuf():
    return os.path.exists("/dev/udmabuf")


def _library(name):
    """A preload library of ci/: scripts/build's, or wherever under build/ the meson project was
    set up"""
    for tree in ("tools", "*"):
        for folder in ("doubles/*", "faults/*", "eglcount"):
            found = sorted(glob.glob(os.path.join(BUILD, tree, "ci", folder, "lib{}.so".format(name))))
            if found:
                return found[0]
    raise Missing("lib{}.so is missing under build/: run scripts/build".format(name))


def udmabuf_double():
    """The LD_PRELOAD library that simulates /dev/udmabuf"""
    return _library("udmabuf-double")


def dmabuf_preload():
    """The library for dma-bufs: none if the host has them, else the double"""
    return [] if has_real_udmabuf() else [udmabuf_double()]


def eglcount():
    """The LD_PRELOAD library that counts EGL calls"""
    return _library("eglcount")


def encoder_fault():
    """The LD_PRELOAD library that makes video encoders fail"""
    return _library("encoder-fault")


def egl_card_double():
    """The LD_PRELOAD library that lets EGL claim a card"""
    return _library("egl-card-double")


def gpu_double():
    """The LD_PRELOAD library that shows GPUs where there are none"""
    return _library("gpu-double")


def va_double():
    """The GStreamer plugin that simulates the VA encoders of a GPU"""
    return _library("gstvadouble")


def strict_egl():
    """The library that makes EGL images of textures as NVIDIA's driver does: none if that is the
    driver, else the double"""
    return [] if os.path.exists("/dev/nvidiactl") else [_library("strict-egl")]


def lost_answer():
    """The LD_PRELOAD library that loses a draw's answer"""
    return _library("lost-answer")


def gl_reset():
    """The LD_PRELOAD library that loses GL contexts"""
    return _library("gl-reset")


def kvm_works():
    """True if a guest gets to userspace under KVM. /dev/kvm alone proves little: nested
    and paravirtual ones fail in the middle of a boot."""
    answer_path = os.path.join(BUILD, "guest", "kvm")
    if os.path.exists(answer_path):
        with open(answer_path, encoding="ascii") as answer:
            return answer.read().strip() == "yes"
    works = os.access("/dev/kvm", os.R_OK | os.W_OK) and _boots_under_kvm()
    with open(answer_path, "w", encoding="ascii") as answer:
        answer.write("yes\n" if works else "no\n")
    return works


def _boots_under_kvm():
    kernel, initrd = guest()
    command = [qemu(), "-machine", "q35", "-accel", "kvm", "-m", "512", "-display", "none",
               "-vga", "none", "-device", "virtio-gpu-pci", "-no-reboot", "-monitor", "none",
               "-serial", "stdio", "-kernel", kernel, "-initrd", initrd, "-append",
               "console=ttyS0 quiet spicegl.pattern=band spicegl.flips=30 spicegl.end=poweroff"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return False
    return b"SPICEGL done" in done.stdout


def accelerator():
    """The value for -accel: $SPICEGL_ACCEL, or kvm if it works, or tcg"""
    return os.environ.get("SPICEGL_ACCEL") or ("kvm" if kvm_works() else "tcg")
