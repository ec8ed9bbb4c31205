/* SPDX-License-Identifier: MIT */
/*
 * The first program of a guest whose memory accesses are recorded (`numasim trace capture --system`): it makes the file
 * systems that programs expect, shows the plug-in where memory is (marks.h), runs one program between the marks where
 * recording begins and ends, says how that ended, and ends the machine.
 *
 * Linked statically, since nothing but it and the program is there. What it is to do is in the file /.numasim/run:
 * texts, each with its zero: the number of NUMA nodes, the working folder, the program's path, the number of its
 * arguments, these, and the environment. Its words go to the third port of the virtual serial device, a line each:
 * "started", "exit N", "signal N", "failed TEXT".
 */
#include "marks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define WORDS_MAX 65536
#define PORT_TRIES 500
/* What the kernel still does after it started us is over by then. Waiting takes the guest's time and not the host's. */
#define SETTLE_S 2
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FRAME ((UINT64_C(1) << 55) - 1)

#define MARK_TEXT ".byte 0x0f, 0x1f, 0x84, 0x00, 0x4e, 0x53, 0x4d, %c0"
#define MARK(kind) __asm__ volatile(MARK_TEXT ::"i"(kind) : "memory")

static int report_fd = -1;

__attribute__((format(printf, 1, 2))) static void
report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vdprintf(report_fd >= 0 ? report_fd : STDERR_FILENO, format, arguments);
    va_end(arguments);
}

static void
end_machine(void)
{
    sync();
    /* The emulator takes a restart for the end; it needs less of the kernel than switching the power off. */
    reboot(RB_AUTOBOOT);
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

static void
fail(const char *what, int error)
{
    report("failed %s: %s\n", what, strerror(error));
    end_machine();
}

/* ---- The world of the program ---------------------------------------------------------------------------------- */

static void
mount_at(const char *kind, const char *place)
{
    mkdir(place, 0755);
    if (mount(kind, place, kind, 0, NULL) < 0 && errno != EBUSY)
        report("warning: no %s at %s: %s\n", kind, place, strerror(errno));
}

/* A port of the virtual serial device appears some time after the kernel has started us. */
static int
open_port(unsigned number)
{
    char path[32];
    snprintf(path, sizeof path, "/dev/vport0p%u", number);
    for (unsigned i = 0; i < PORT_TRIES; i++) {
        const int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    report("numasim: the guest has no %s; its kernel needs CONFIG_DEVTMPFS, CONFIG_VIRTIO_PCI and "
           "CONFIG_VIRTIO_CONSOLE built in\n",
           path);
    end_machine();
    return -1;
}

static void
make_world(void)
{
    mount_at("devtmpfs", "/dev");
    mount_at("proc", "/proc");
    mount_at("sysfs", "/sys");
    mount_at("tmpfs", "/dev/shm");
    /* The first file system is in memory already, and has the program's files, perhaps in /tmp. */
    chmod("/tmp", 01777);
    chmod("/dev/shm", 01777);
    /* The kernel's console may not have been there when it started us. */
    const int console = open("/dev/console", O_WRONLY);
    if (console >= 0) {
        dup2(console, STDOUT_FILENO);
        dup2(console, STDERR_FILENO);
    }
}

/* ---- Where memory is ------------------------------------------------------------------------------------------- */

/* Frame of a page of ours, 0: unknown. */
static uint64_t
find_frame(const void *page)
{
    uint64_t entry = 0;
    const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (pread(fd, &entry, sizeof entry, (off_t)((uintptr_t)page / PAGE_BYTES * sizeof entry)) != sizeof entry)
        entry = 0;
    close(fd);
    return (entry & PAGEMAP_PRESENT) != 0 ? entry & PAGEMAP_FRAME : 0;
}

/* Store to a page of a node at an address that says where the page is: plugin-system.c compares. */
static void
probe_node(unsigned node)
{
    const unsigned long nodes = 1ul << node;
    char *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED ||
        syscall(SYS_mbind, page, PAGE_BYTES, MPOL_BIND, &nodes, 8 * sizeof nodes + 1, MPOL_MF_STRICT) < 0)
        return;
    *(volatile char *)page = 1;
    const uint64_t frame = find_frame(page);
    void *const place = (char *)NSIM_GUEST_WINDOW + frame * PAGE_BYTES;
    if (frame == 0 || frame >= NSIM_GUEST_WINDOW_BYTES / PAGE_BYTES ||
        mremap(page, PAGE_BYTES, PAGE_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED)
        return;
    /* Both in one block of instructions: they do not cross a page. */
    __asm__ volatile(".p2align 5\n\t" MARK_TEXT "\n\tmovb $1, (%1)" ::"i"(NSIM_GUEST_PROBE), "r"(place) : "memory");
    munmap(place, PAGE_BYTES);
}

/* ---- The program ----------------------------------------------------------------------------------------------- */

typedef struct {
    unsigned nodes;
    const char *folder, *path;
    char **arguments, **environment;
} Orders;

/* The texts of the file, NULL-terminated. */
static char **
read_words(void)
{
    struct stat status;
    const int fd = open("/.numasim/run", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        fail("/.numasim/run", errno);
    const size_t bytes = (size_t)status.st_size;
    char *text = calloc(1, bytes + 1);
    char **words = calloc(WORDS_MAX + 1, sizeof *words);
    if (text == NULL || words == NULL)
        fail("/.numasim/run", ENOMEM);
    for (size_t got = 0; got < bytes;) {
        const ssize_t now = read(fd, text + got, bytes - got);
        if (now <= 0)
            fail("/.numasim/run", now < 0 ? errno : EINVAL);
        got += (size_t)now;
    }
    close(fd);
    size_t count = 0;
    for (char *word = text; word < text + bytes && count < WORDS_MAX; word += strlen(word) + 1)
        words[count++] = word;
    return words;
}

static Orders
read_orders(void)
{
    char **words = read_words();
    for (unsigned i = 0; i < 4; i++)
        if (words[i] == NULL)
            fail("/.numasim/run", EINVAL);
    Orders orders = {.nodes = (unsigned)strtoul(words[0], NULL, 10), .folder = words[1], .path = words[2]};
    const size_t count = strtoul(words[3], NULL, 10);
    /* The environment begins after the arguments, with a text of no characters that ends them. */
    orders.arguments = words + 4;
    for (size_t i = 0; i < count; i++)
        if (orders.arguments[i] == NULL)
            fail("/.numasim/run", EINVAL);
    orders.environment = words + 4 + count;
    if (*orders.environment == NULL)
        fail("/.numasim/run", EINVAL);
    *orders.environment++ = NULL;
    return orders;
}

/* In the new process. */
static void
become_program(const Orders *orders)
{
    MARK(NSIM_GUEST_START);
    execve(orders->path, orders->arguments, orders->environment);
    const int error = errno;
    MARK(NSIM_GUEST_STOP);
    report("failed cannot run %s: %s\n", orders->path, strerror(error));
    _exit(127);
}

static int
run_program(const Orders *orders)
{
    int status = 0;
    const pid_t pid = fork();
    if (pid < 0)
        fail("fork", errno);
    if (pid == 0)
        become_program(orders);
    /* Orphans come to us, too. */
    for (pid_t got; (got = waitpid(-1, &status, 0)) != pid;)
        if (got < 0 && errno != EINTR)
            break;
    MARK(NSIM_GUEST_STOP);
    return status;
}

static void
connect_program(void)
{
    const int in = open("/dev/null", O_RDONLY), out = open_port(1), err = open_port(2);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (in > STDERR_FILENO)
        close(in);
    close(out);
    close(err);
}

int
main(void)
{
    make_world();
    report_fd = open_port(3);
    const Orders orders = read_orders();
    for (unsigned node = 0; node < orders.nodes; node++)
        probe_node(node);
    if (chdir(orders.folder) < 0)
        report("warning: no folder %s: %s\n", orders.folder, strerror(errno));
    connect_program();
    nanosleep(&(struct timespec){.tv_sec = SETTLE_S}, NULL);
    report("started\n");
    const int status = run_program(&orders);
    if (WIFSIGNALED(status))
        report("signal %d\n", WTERMSIG(status));
    else
        report("exit %d\n", WEXITSTATUS(status));
    end_machine();
    return 0;
}
