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

static bool write_text(const std::string &path, const std::string &text)
{
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool good = fd >= 0 && write(fd, text.data(), text.size()) == ssize_t(text.size());
    const int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return good;
}

bool unload_driver(std::string *why)
{
    for (const char *console : {"0", "1", "2"}) {
        const std::string folder = std::string("/sys/class/vtconsole/vtcon") + console;
        if (read_text((folder + "/name").c_str()).find("frame buffer") != std::string::npos) {
            write_text(folder + "/bind", "0");
        }
    }
    if (syscall(SYS_delete_module, "virtio_gpu", O_NONBLOCK) != 0) {
        *why = std::string("delete_module: ") + strerror(errno);
        return false;
    }
    return true;
}

bool suspend_system(std::string *why)
{
    if (read_text("/sys/power/mem_sleep").find("deep") == std::string::npos) {
        *why = "this machine does not support S3";
        return false;
    }
    if (!write_text("/sys/power/mem_sleep", "deep") || !write_text("/sys/power/state", "mem")) {
        *why = std::string("/sys/power/state: ") + strerror(errno);
        return false;
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
