/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of /dev/udmabuf that Mesa and our tests need, by the driver's rules. Run with the double
 * preloaded; if it does nothing, the same tests use the real driver. */
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace {

constexpr size_t SIZE = 4 * 65536; /* a multiple of any page size */

class Fd
{
public:
    explicit Fd(int number): fd(number) {}
    ~Fd() { reset(); }
    Fd(const Fd &) = delete;
    Fd &operator=(const Fd &) = delete;
    operator int() const { return fd; }
    void reset()
    {
        if (fd >= 0) {
            close(fd);
        }
        fd = -1;
    }

private:
    int fd;
};

int make_memfd(unsigned seals = F_SEAL_SHRINK)
{
    const int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && (ftruncate(fd, SIZE) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

int create(int device, int memfd, uint64_t offset = 0, uint64_t size = SIZE,
           uint32_t flags = UDMABUF_FLAGS_CLOEXEC)
{
    udmabuf_create request = {};
    request.memfd = memfd;
    request.flags = flags;
    request.offset = offset;
    request.size = size;
    return ioctl(device, UDMABUF_CREATE, &request);
}

unsigned char *map(int fd)
{
    void *memory = mmap(nullptr, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<unsigned char *>(memory);
}

constexpr int NOT_PERMITTED = 77; /* exit status of a child process */

int exit_status(pid_t child)
{
    int status = 0;
    return child >= 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ?
        WEXITSTATUS(status) : -1;
}

class Udmabuf: public testing::Test
{
protected:
    void SetUp() override
    {
        ASSERT_GE(device, 0) << "/dev/udmabuf: " << strerror(errno);
        ASSERT_GE(memfd, 0) << "memfd: " << strerror(errno);
    }

    Fd device { open("/dev/udmabuf", O_RDWR | O_CLOEXEC) };
    Fd memfd { make_memfd() };
};

} // namespace

TEST_F(Udmabuf, memory_is_shared_with_the_memfd_both_ways)
{
    Fd buffer(create(device, memfd));
    ASSERT_GE(buffer, 0) << strerror(errno);
    unsigned char *original = map(memfd), *exported = map(buffer);
    ASSERT_TRUE(original && exported);
    original[0] = 0x12;
    exported[SIZE - 1] = 0x34;
    EXPECT_EQ(exported[0], 0x12);
    EXPECT_EQ(original[SIZE - 1], 0x34);
    munmap(original, SIZE);
    munmap(exported, SIZE);
}

TEST_F(Udmabuf, buffer_outlives_memfd_and_device)
{
    Fd buffer(create(device, memfd));
    ASSERT_GE(buffer, 0) << strerror(errno);
    device.reset();
    memfd.reset();
    unsigned char *memory = map(buffer);
    ASSERT_TRUE(memory);
    memory[0] = 1;
    EXPECT_EQ(memory[0], 1);
    munmap(memory, SIZE);
}

TEST_F(Udmabuf, close_on_exec_only_when_asked_for)
{
    Fd with(create(device, memfd, 0, SIZE, UDMABUF_FLAGS_CLOEXEC));
    Fd without(create(device, memfd, 0, SIZE, 0));
    ASSERT_GE(with, 0);
    ASSERT_GE(without, 0);
    EXPECT_EQ(fcntl(with, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(fcntl(without, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(Udmabuf, each_way_of_opening_finds_it)
{
    Fd at(openat(AT_FDCWD, "/dev/udmabuf", O_RDWR));
    Fd wide(open64("/dev/udmabuf", O_RDWR));
    Fd at_wide(openat64(AT_FDCWD, "/dev/udmabuf", O_RDWR | O_CLOEXEC));
    for (int opened : { int(at), int(wide), int(at_wide) }) {
        ASSERT_GE(opened, 0) << strerror(errno);
        Fd buffer(create(opened, memfd));
        EXPECT_GE(buffer, 0) << strerror(errno);
    }
    EXPECT_EQ(fcntl(at, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(fcntl(at_wide, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(Udmabuf, a_list_of_one_is_a_buffer)
{
    char storage[sizeof(udmabuf_create_list) + sizeof(udmabuf_create_item)] = {};
    auto list = reinterpret_cast<udmabuf_create_list *>(storage);
    list->flags = UDMABUF_FLAGS_CLOEXEC;
    list->count = 1;
    list->list[0].memfd = memfd;
    list->list[0].size = SIZE;
    Fd buffer(ioctl(device, UDMABUF_CREATE_LIST, list));
    ASSERT_GE(buffer, 0) << strerror(errno);
    list->count = 0;
    EXPECT_EQ(ioctl(device, UDMABUF_CREATE_LIST, list), -1);
    EXPECT_EQ(errno, EINVAL);
}

TEST_F(Udmabuf, bad_arguments_get_the_drivers_errors)
{
    struct {
        const char *what;
        int fd;
        uint64_t offset, size;
        int error;
    } const cases[] = {
        { "size 0", memfd, 0, 0, EINVAL },
        { "size no multiple of a page", memfd, 0, SIZE - 1, EINVAL },
        { "offset no multiple of a page", memfd, 1, 65536, EINVAL },
        { "larger than the memfd", memfd, 0, 2 * SIZE, EINVAL },
        { "offset past the end", memfd, 2 * SIZE, 65536, EINVAL },
        { "larger than the limit", memfd, 0, UINT64_C(128) << 20, EINVAL },
        { "size that overflows", memfd, 65536, UINT64_MAX - 65535, EINVAL },
        { "no fd", -1, 0, SIZE, EBADF },
        { "a number that is no fd", 1 << 20, 0, SIZE, EBADF },
    };
    for (const auto &c : cases) {
        errno = 0;
        EXPECT_EQ(create(device, c.fd, c.offset, c.size), -1) << c.what;
        EXPECT_EQ(errno, c.error) << c.what;
    }
    Fd no_memfd(open("/dev/null", O_RDWR));
    EXPECT_EQ(create(device, no_memfd), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(ioctl(device, UDMABUF_CREATE, nullptr), -1);
    EXPECT_EQ(errno, EFAULT);
    EXPECT_EQ(ioctl(device, _IO('u', 0x7f)), -1);
    EXPECT_EQ(errno, ENOTTY);
}

TEST_F(Udmabuf, memfd_must_be_sealed_against_shrinking_and_writable)
{
    Fd unsealed(make_memfd(0)), read_only(make_memfd(F_SEAL_SHRINK | F_SEAL_WRITE));
    EXPECT_EQ(create(device, unsealed), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(create(device, read_only), -1);
    EXPECT_EQ(errno, EINVAL);
}

TEST_F(Udmabuf, other_files_and_fds_are_left_alone)
{
    errno = 0;
    EXPECT_EQ(create(memfd, memfd), -1) << "a memfd is no udmabuf device";
    EXPECT_EQ(errno, ENOTTY);
    EXPECT_EQ(open("/dev/udmabuf-not", O_RDWR), -1);
    EXPECT_EQ(errno, ENOENT);

    char name[] = "/tmp/udmabuf-XXXXXX";
    Fd made(mkstemp(name));
    ASSERT_GE(made, 0);
    ASSERT_EQ(unlink(name), 0);
    Fd created(open(name, O_CREAT | O_EXCL | O_WRONLY, 0640));
    ASSERT_GE(created, 0) << strerror(errno);
    struct stat st;
    ASSERT_EQ(fstat(created, &st), 0);
    const mode_t mask = umask(0);
    umask(mask);
    EXPECT_EQ(st.st_mode & 0777, 0640 & ~mask) << "the mode argument is passed on";
    unlink(name);
}

TEST_F(Udmabuf, many_threads_can_use_it_at_once)
{
    std::vector<std::thread> threads;
    std::vector<int> good(8);
    for (size_t i = 0; i < good.size(); i++) {
        threads.emplace_back([&good, i] {
            for (int n = 0; n < 200; n++) {
                Fd own_device(open("/dev/udmabuf", O_RDWR | O_CLOEXEC)), own_memfd(make_memfd());
                Fd buffer(create(own_device, own_memfd));
                good[i] += buffer >= 0;
            }
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    EXPECT_EQ(std::set<int>(good.begin(), good.end()), std::set<int>({ 200 }));
}

TEST_F(Udmabuf, works_after_chroot_and_closing_all_fds)
{
    if (access("/dev/udmabuf", F_OK) == 0) {
        GTEST_SKIP() << "the host has a real /dev/udmabuf, which no empty root contains";
    }
    char empty[] = "/tmp/udmabuf-XXXXXX";
    ASSERT_TRUE(mkdtemp(empty)) << strerror(errno);
    const pid_t child = fork();
    if (child == 0) {
        for (int fd = 3; fd < 256; fd++) {
            close(fd);
        }
        if (chroot(empty) != 0 && (unshare(CLONE_NEWUSER) != 0 || chroot(empty) != 0)) {
            _exit(NOT_PERMITTED);
        }
        const int opened = open("/dev/udmabuf", O_RDWR);
        _exit(opened >= 0 && create(opened, make_memfd()) >= 0 ? 0 : 1);
    }
    const int status = exit_status(child);
    rmdir(empty);
    if (status == NOT_PERMITTED) {
        GTEST_SKIP() << "no permission for chroot, not even in a user namespace";
    }
    EXPECT_EQ(status, 0);
}

/* Runs this program again, in a mount namespace whose /dev holds nothing but NODE */
static int run_with_node(const std::string &node)
{
    const pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
            _exit(NOT_PERMITTED);
        }
        /* private first, or the host would get the new /dev too; whichever is a mount */
        if ((mount("none", "/dev", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 &&
             mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ||
            mount("none", "/dev", "tmpfs", 0, nullptr) != 0 ||
            mkdir("/dev/dri", 0755) != 0) {
            _exit(NOT_PERMITTED);
        }
        /* not by open(), which this process's own double answers */
        if (mknod(node.c_str(), S_IFREG | 0644, 0) != 0) {
            _exit(2);
        }
        setenv("UDMABUF_TEST_NODE", node.c_str(), 1);
        execl(program_invocation_name, program_invocation_name, "--gtest_also_run_disabled_tests",
              "--gtest_filter=*inner_double_is_out_of_the_way", nullptr);
        _exit(3);
    }
    return exit_status(child);
}

TEST(UdmabufDouble, steps_aside_for_a_real_device_or_a_render_node)
{
    for (const char *node : { "/dev/udmabuf", "/dev/dri/renderD128", "/dev/dri/renderD191" }) {
        const int status = run_with_node(node);
        if (status == NOT_PERMITTED) {
            GTEST_SKIP() << "no permission for a mount namespace";
        }
        EXPECT_EQ(status, 0) << node;
    }
}

/* Only run by the test above, which makes the /dev it expects */
TEST(UdmabufDouble, DISABLED_inner_double_is_out_of_the_way)
{
    const char *node = getenv("UDMABUF_TEST_NODE");
    ASSERT_TRUE(node);
    Fd fd(open("/dev/udmabuf", O_RDWR));
    if (strcmp(node, "/dev/udmabuf") == 0) {
        struct stat opened, real;
        ASSERT_EQ(fstat(fd, &opened), 0);
        ASSERT_EQ(stat(node, &real), 0);
        EXPECT_EQ(opened.st_ino, real.st_ino) << "the file in /dev is the one opened";
    } else {
        EXPECT_EQ(fd, -1) << "no double beside a render node";
    }
    Fd memfd(make_memfd());
    EXPECT_EQ(create(fd, memfd), -1);
}
