/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool mount_system(std::string *why)
{
    static const struct {
        const char *type, *path;
    } mounts[] = {{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}};
    for (const auto &entry : mounts) {
        mkdir(entry.path, 0755);
        /* EBUSY: the kernel has mounted devtmpfs itself */
        if (mount(entry.type, entry.path, entry.type, 0, nullptr) != 0 && errno != EBUSY) {
            *why = std::string("mount ") + entry.path + ": " + strerror(errno);
            return false;
        }
    }
    return true;
}

bool load_modules(std::string *why)
{
    std::istringstream order(read_text("/modules/order"));
    std::string name;
    while (order >> name) {
        const std::string path = "/modules/" + name;
        const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) {
            *why = path + ": " + strerror(errno);
            if (fd >= 0) {
                close(fd);
            }
            return false;
        }
        close(fd);
    }
    return true;
}

std::string read_text(const char *path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void leave(const std::string &how)
{
    sync();
    reboot(how == "poweroff" ? RB_POWER_OFF : RB_AUTOBOOT);
}
