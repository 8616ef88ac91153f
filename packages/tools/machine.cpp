/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.hpp"

#include <algorithm>

#include "failure.hpp"
#include "process.hpp"
#include "qmp.hpp"
#include "waiting.hpp"

namespace {

const std::string LIBVIRT = "libvirt:";

bool is_libvirt(const std::string &machine)
{
    return machine.compare(0, LIBVIRT.size(), LIBVIRT) == 0;
}

Value ask_virsh(const std::string &domain)
{
    if (domain.empty() || domain[0] == '-') {
        throw Failure("invalid domain name: '" + domain + "'");
    }
    Process virsh({{"virsh", "-q", "qemu-monitor-command", domain, "{\"execute\":\"query-spice\"}"}});
    if (!virsh.ends_until(now() + ANSWER)) {
        throw Failure("virsh does not answer");
    }
    if (virsh.status() != 0) {
        std::string why = virsh.err();
        why.erase(why.find_last_not_of('\n') + 1);
        throw Failure("virsh: " + why);
    }
    const Value answer = Value::parse(virsh.out());
    if (answer["error"]) {
        throw Failure("query-spice: " + answer["error"]["desc"].text());
    }
    return answer["return"];
}

std::string short_name(const std::string &machine)
{
    if (is_libvirt(machine)) {
        return machine.substr(LIBVIRT.size());
    }
    const std::string file = machine.substr(machine.rfind('/') + 1);
    const size_t dot = file.rfind('.');
    return dot == std::string::npos || dot == 0 ? file : file.substr(0, dot);
}

} // namespace

Value query_spice(const std::string &machine)
{
    if (is_libvirt(machine)) {
        return ask_virsh(machine.substr(LIBVIRT.size()));
    }
    return Qmp::connect(machine, ANSWER).execute("query-spice", ANSWER);
}

std::vector<std::string> machine_names(const std::vector<std::string> &machines)
{
    std::vector<std::string> names, result;
    std::transform(machines.begin(), machines.end(), std::back_inserter(names), short_name);
    for (size_t i = 0; i < names.size(); i++) {
        result.push_back(std::count(names.begin(), names.end(), names[i]) > 1 ? machines[i] : names[i]);
    }
    return result;
}
