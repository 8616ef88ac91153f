/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU reports on itself: it is started without a running guest, and queried by its monitor. So all
 * that is reported was decided by QEMU and spice-server themselves. */
#pragma once

#include <string>
#include <vector>

#include "../value.hpp"

struct Trial {
    bool answered = false;
    std::string failure; /* why not; empty if it has ended by itself */
    std::string said;    /* its stderr */
    Value version;       /* query-version */
    Value schema;        /* query-qmp-schema, of a bare QEMU */
    Value spice, kvm;    /* query-spice and query-kvm, of one that renders */
};

struct Asked {
    std::string qemu; /* the program */
    std::string rendernode; /* empty: QEMU chooses */
    double seconds = 30; /* for each trial */
};

/* Without any machine: does the program work, and which one is it? */
Trial try_bare(const Asked &asked);

/* With a paused machine that has virtio-gpu-gl-pci, with -spice gl=on and more options */
Trial try_rendering(const Asked &asked, const std::vector<std::string> &more = {});

/* As libvirt has it */
std::vector<std::string> sandbox();
