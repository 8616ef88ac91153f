# SPDX-License-Identifier: GPL-2.0-or-later
"""What moves goes as video: as JPEG images, which is "mjpeg", or as a stream of another codec."""


def wait_for_video(vm, codec=None, timeout=20):
    """Waits until what moves goes to the only client by software, in CODEC if one is named; returns
    what query-spice says of the client"""
    def served(display):
        client, = display["clients"] or [{}]
        return client.get("path") == "software" and client.get("codec") and \
            codec in (None, client["codec"])

    return vm.wait_for_display(served, "the client is served by a video encoder, {}".format(
        codec or "any"), timeout=timeout)["clients"][0]


def wait_for_shown(client, count=20, timeout=20):
    """Waits until a client with --counter has shown so many frames more"""
    shown = client.display()["counter_changes"]
    return client.wait(lambda d: d["counter_changes"] >= shown + count,
                       "{} more frames of the guest".format(count), timeout=timeout)
