# SPDX-License-Identifier: GPL-2.0-or-later
"""Moving parts are sent as video: as JPEG images, which is "mjpeg", or as a stream of another codec."""


def wait_for_video(vm, codec=None, timeout=20):
    """Waits until the only client is sent software video, in CODEC if one is named; returns
    query-spice's entry of the client"""
    def served(display):
        client, = display["clients"] or [{}]
        return client.get("path") == "software" and client.get("codec") and \
            codec in (None, client["codec"])

    return vm.wait_for_display(served, "the client is served by a video encoder, {}".format(
        codec or "any"), timeout=timeout)["clients"][0]


# The parts of one picture are all shown within this time
PARTS_S = 0.01


def gone_back(seen):
    """The places in a client's seen() where an older frame follows a newer one: [(number, next number)].
    Numbers consist of blocks: one that is replaced at once was a mixture of two frames' blocks."""
    stayed = [number for (at, number), (after, _) in zip(seen, seen[1:]) if after - at > PARTS_S]
    return [pair for pair in zip(stayed, stayed[1:]) if pair[1] < pair[0]]


def wait_for_shown(client, count=20, timeout=20):
    """Waits until a client with --counter has shown this many more frames"""
    shown = client.display()["counter_changes"]
    return client.wait(lambda d: d["counter_changes"] >= shown + count,
                       "{} more frames of the guest".format(count), timeout=timeout)
