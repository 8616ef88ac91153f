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


# Of one picture, parts that are shown one after the other have been so within that
PARTS_S = 0.01


def gone_back(seen):
    """Where a client's seen() shows an older frame after a newer one: [(number, number after it)].
    Numbers are made of blocks: one that is replaced at once was some of two frames' blocks."""
    stayed = [number for (at, number), (after, _) in zip(seen, seen[1:]) if after - at > PARTS_S]
    return [pair for pair in zip(stayed, stayed[1:]) if pair[1] < pair[0]]


def wait_for_shown(client, count=20, timeout=20):
    """Waits until a client with --counter has shown so many frames more"""
    shown = client.display()["counter_changes"]
    return client.wait(lambda d: d["counter_changes"] >= shown + count,
                       "{} more frames of the guest".format(count), timeout=timeout)
