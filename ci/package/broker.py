#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""broker.py DOMAIN PATH: passes each connection to the Unix socket PATH on to the session domain DOMAIN by
virDomainOpenGraphics(), as virt-manager's console and virt-viewer --attach do"""

import socket
import sys

import libvirt


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    domain = libvirt.open("qemu:///session").lookupByName(sys.argv[1])
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[2])
        listener.listen(16)
        while True:
            client, _ = listener.accept()
            with client:
                domain.openGraphics(0, client.fileno(), libvirt.VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH)


main()
