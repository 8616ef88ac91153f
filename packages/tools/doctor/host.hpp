/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the doctor checks by itself. root: a folder with the host's dev, sys and etc; "" for the host. */
#pragma once

#include <string>
#include <vector>

#include "finding.hpp"

/* Each of /dev/dri's render nodes: its driver, and who may open it */
Findings render_nodes(const std::string &root);

/* by_qemu: QEMU reports that it uses KVM */
Finding kvm(const std::string &root, bool by_qemu);

/* needed: the renderer cannot export dma-bufs without it */
Finding udmabuf(const std::string &root, bool needed);

Finding apparmor(const std::string &root);

/* From this process's environment, which QEMU inherits when it is started by hand */
Finding gstreamer_registry();

/* Can QEMU listen on this TCP port, with any address? */
Finding port(const std::string &number);

/* Can it listen on a Unix socket with this path? */
Finding unix_socket(const std::string &path);
