# SPDX-License-Identifier: GPL-2.0-or-later
"""A real desktop in the guest (ci/desktop), and real clients that show it: scripts/demo --desktop."""

import argparse
import os
import shutil
import subprocess

import numpy

from . import browser, endings, stack
from .browser import Browser
from .demo import run, say
from .machine import KERNEL, Machine
from .picture import Picture
from .waiting import Late, wait_until

# Behind the windows, behind a terminal's text (xterm, foot), and how far JPEG may change it
BACKGROUND, NEAR = (0x2e, 0x34, 0x40), 12
TERMINAL = {"xorg": (255, 255, 255), "wayland": (0x24, 0x24, 0x24)}
VIEWER = ("/usr/bin/remote-viewer", "/usr/bin/Xvfb")
# The most bytes that a socket's path may have
PATH_MAX = 107


def missing():
    """The client that is not installed, or None"""
    for path in VIEWER:
        if not os.path.exists(path):
            return "{} is missing: scripts/test desktop installs it".format(path)
    return browser.missing()


def wrong_desktop(session, picture):
    """None if the picture shows the background, a terminal, and gears that a GL program draws"""
    pixels = picture.pixels

    def share(colour):
        return (abs(pixels - colour) <= NEAR).all(axis=2).mean()

    background = share(BACKGROUND)
    red, green, blue = (pixels[..., channel] for channel in range(3))
    gear = ((red > 120) & (green < 70) & (blue < 70)).sum()
    if background < 0.2:
        return "{:.0%} of it are of the background's colour".format(background)
    # A viewer's own title bar is as dark as a terminal
    if share(TERMINAL[session]) < 0.07:
        return "there is no terminal on it"
    return None if gear > 1000 else "{} pixels are of the red gear".format(gear)


class Desktop(Machine):
    """A context manager as Machine is: the desktop is up on entry

    session: "xorg", or "wayland", a compositor of wlroots
    """

    def __init__(self, logdir, session="xorg", socket=None, **options):
        super().__init__(logdir, name="desktop", unix=True, **options)
        self.session, self._socket = session, socket

    def socket_path(self):
        return self._socket or super().socket_path()

    def command(self, monitor):
        kernel, _ = stack.guest()
        disk, initrd = stack.desktop()
        # Debian's newest binaries use these instructions
        cpu = "host" if stack.accelerator().startswith("kvm") else "Nehalem,+rdrand"
        return [stack.qemu(), "-machine", "q35", "-accel", stack.accelerator(), "-cpu", cpu, "-smp", "2", "-m", "3G",
                "-nodefaults", "-display", "none", "-spice", self._spice_option(),
                "-vga", "none", "-device", "virtio-gpu-gl-pci,id=gpu",
                "-device", "qemu-xhci", "-device", "usb-kbd", "-device", "usb-tablet",
                "-device", "virtio-serial-pci", "-chardev", "spicevmc,id=agent,name=vdagent",
                "-device", "virtserialport,chardev=agent,name=com.redhat.spice.0",
                "-chardev", "socket,id=serial,path=" + os.path.join(self.rundir, "serial"),
                "-serial", "chardev:serial",
                "-chardev", "socket,id=monitor,fd={}".format(monitor), "-mon", "chardev=monitor,mode=control",
                "-drive", "if=none,id=disk,format=raw,readonly=on,file=" + disk,
                "-device", "virtio-blk-pci,drive=disk",
                "-kernel", kernel, "-initrd", initrd,
                "-append", "{} desktop={}".format(KERNEL, self.session)]

    def wait_ready(self, after=0, timeout=180):
        return self.serial.wait("DESKTOP ready", timeout, after)


class Viewer:
    """A context manager: remote-viewer on an X server of its own, connected to URI"""

    def __init__(self, uri, logdir):
        self._uri, self._log = uri, os.path.join(logdir, "viewer.log")
        self._server = self._viewer = None
        self.display = None

    def __enter__(self):
        reader, writer = os.pipe()
        try:
            with open(self._log, "wb") as log:
                self._server = subprocess.Popen(
                    ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
                    pass_fds=[writer], stdout=log, stderr=log)
                os.close(writer)
                with os.fdopen(reader) as lines:
                    number = lines.readline().strip()
                if not number:
                    raise Late("Xvfb did not start: read " + self._log)
                self.display = ":" + number
                environment = dict(os.environ, DISPLAY=self.display, GDK_BACKEND="x11")
                # Warnings of GTK are not tested
                environment.pop("G_DEBUG", None)
                self._viewer = subprocess.Popen(["remote-viewer", "--spice-disable-audio", self._uri],
                                                stdout=log, stderr=log, env=environment)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in (self._viewer, self._server):
            if process:
                process.terminate()
                process.wait()

    def picture(self):
        """The picture of its whole X server"""
        from PIL import ImageGrab

        with ImageGrab.grab(xdisplay=self.display) as image:
            return Picture(numpy.asarray(image.convert("RGB")).astype(int))

    def wait_for_picture(self, wrong, timeout=60):
        """Waits until wrong(picture) is None; returns that picture"""
        last = {}

        def look():
            if self._viewer.poll() is not None:
                raise Late("remote-viewer {}: read {}".format(endings.how(self._viewer.returncode), self._log))
            last["picture"] = self.picture()
            last["wrong"] = wrong(last["picture"])
            return last["wrong"] is None

        wait_until(look, lambda: "the viewer's picture is wrong: {}".format(last["wrong"]), timeout, 0.5)
        return last["picture"]


def shoot(vm, outdir):
    """Takes screenshots of the desktop in both clients, and QEMU's own; returns their files"""
    files = []

    def wrong(picture):
        return wrong_desktop(vm.session, picture)

    def keep(name, picture):
        files.append(os.path.join(outdir, name))
        picture.save(files[-1])

    say("remote-viewer ...")
    with Viewer("spice://127.0.0.1:{}".format(vm.port), outdir) as viewer:
        keep("desktop-viewer.png", viewer.wait_for_picture(wrong, 120))
    say("spice-html5 in Chromium ...")
    profile = os.path.join(outdir, "profile")
    with Browser(vm.port, profile) as client:
        keep("desktop-browser.png", client.wait_for_picture(wrong, 120))
    shutil.rmtree(profile, ignore_errors=True)
    keep("desktop-screendump.png", vm.screenshot())
    return files


def how_to_connect(vm, pages):
    lines = ["The desktop is up. To see it:",
             "  remote-viewer spice://127.0.0.1:{}".format(vm.port)]
    if vm.socket_path().startswith(stack.BUILD):
        # Its path depends on whether dma-bufs can be exported here
        lines.append("  remote-viewer spice+unix://{}".format(vm.socket_path()))
    lines.append("  http://127.0.0.1:{}/spice_auto.html?host=127.0.0.1&port={}".format(pages, vm.port) if pages else
                 "  a browser: open spice-html5's spice_auto.html?host=127.0.0.1&port={}".format(vm.port))
    lines.append("Ctrl-C ends it.")
    return "\n".join(lines)


def show(vm):
    """Runs until the user ends it"""
    pages = browser.serve_pages() if os.path.isdir(browser.PAGES) else None
    print(how_to_connect(vm, pages and pages.server_port), flush=True)
    try:
        vm.process.wait()
    except KeyboardInterrupt:
        pass


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo --desktop")
    parser.add_argument("--shot", action="store_true")
    parser.add_argument("--wayland", action="store_true")
    arguments = parser.parse_args()
    outdir = os.path.join(stack.BUILD, "demo")
    os.makedirs(outdir, exist_ok=True)
    socket = os.path.join(outdir, "desktop.sock")
    say("booting the desktop; an emulated processor takes a minute ...")
    with Desktop(outdir, "wayland" if arguments.wayland else "xorg",
                 socket if len(socket) <= PATH_MAX else None) as vm:
        if not arguments.shot:
            show(vm)
            return 0
        for file in shoot(vm, outdir):
            print(os.path.relpath(file, stack.TOP))
    return 0


if __name__ == "__main__":
    run(main, "the guest's logs are in build/demo/desktop/")
