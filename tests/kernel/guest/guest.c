/* SPDX-License-Identifier: MIT */
/*
 * Watch a program with a real kernel: start the accesses of a run, let DAMON, schemes or NUMA balancing work on them,
 * and say what they saw and did. Runs in a guest machine that tests/kernel/record.c boots:
 *
 *     guest SPLIT RUN:SEED...     SPLIT: the physical address where node 1 begins
 *
 * One line a fact, all times in microseconds since the accesses of a run began:
 *
 *     run NAME SEED RELEASE                     a run begins; the kernel's release
 *     area START                                the area's address
 *     w TIME ACCESSES DROPPED                   accesses done so far, milliseconds in which none were
 *     r TIME START END NR_ACCESSES AGE          a region at the end of an aggregation
 *     span BYTES                                memory of node 0 that a scheme watches: from the area's first page to its last
 *     m TIME ...                                a row of schemes or balancing, see print_row()
 *     end NAME                                  ... and is over
 */
#include "guest.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Processors: of the program and of kdamond; ours. */
#define CPU_WATCHED 0u
#define CPU_CONTROL 1u
#define ROW_US UINT64_C(1000000)
#define MIB (UINT64_C(1) << 20)
/* An event's room in the buffer of a processor, and how many regions and aggregations there may be. */
#define BUFFER_KIB_MONITOR 40960
#define BUFFER_KIB_OTHER 256

typedef struct {
    const Run *run;
    uint64_t seed, split;
    pid_t pid;
    Workload *workload;
    unsigned schemes;
    uint64_t vmstat_base[5];
} World;

/* ---- Small things ------------------------------------------------------------------------------------------------ */

uint64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void
sleep_us(uint64_t us)
{
    nanosleep(&(struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000)}, NULL);
}

void
pin(pid_t pid, unsigned cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(pid, sizeof set, &set);
}

void
fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static uint64_t
since_start_us(const World *world)
{
    return (now_ns() - world->workload->start_ns) / 1000;
}

static void
sleep_until_us(const World *world, uint64_t time_us)
{
    const uint64_t now = since_start_us(world);
    if (time_us > now)
        sleep_us(time_us - now);
}

/* ---- The program that is watched -----------------------------------------------------------------------------------
 */

/*
 * Before kdamond, on the same processor. The emulator runs one processor at a time: on another one the accesses that
 * fall into a walk of kdamond would wait until it is over, and come when the pages of the next sample are cleared
 * already. Balancing has no kdamond, and is not for such processes.
 */
static void
go_first(void)
{
    const struct sched_param priority = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
        fail("no priority for the program: %s", strerror(errno));
}

/* A process of its own, by exec: so that its addresses are drawn anew. */
static void
start_workload(World *world)
{
    char seed[24], fd_text[12];
    const int fd = memfd_create("workload", 0);
    if (fd < 0 || ftruncate(fd, sizeof *world->workload) < 0)
        fail("no shared memory");
    world->workload = mmap(NULL, sizeof *world->workload, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)world->seed);
    snprintf(fd_text, sizeof fd_text, "%d", fd);
    fflush(stdout);
    world->pid = fork();
    if (world->pid == 0) {
        pin(0, CPU_WATCHED);
        if (world->run->kind != RUN_BALANCING)
            go_first();
        execl("/proc/self/exe", "workload", "workload", world->run->name, seed, fd_text, (char *)NULL);
        _exit(127);
    }
    close(fd);
    while (!world->workload->ready) {
        if (waitpid(world->pid, NULL, WNOHANG) != 0)
            fail("the program that is watched has ended");
        sleep_us(1000);
    }
}

static void
go_workload(World *world)
{
    world->workload->go = 1;
    while (world->workload->start_ns == 0)
        sleep_us(100);
    printf("area %llu\n", (unsigned long long)world->workload->area);
}

static void
stop_workload(World *world)
{
    world->workload->stop = 1;
    waitpid(world->pid, NULL, 0);
    for (uint32_t i = 0; i < world->workload->logged; i++) {
        const WorkloadLog *log = &world->workload->log[i];
        printf("w %llu %llu %llu\n", (unsigned long long)log->time_us, (unsigned long long)log->accesses,
               (unsigned long long)log->dropped);
    }
    munmap(world->workload, sizeof *world->workload);
}

/* ---- Monitoring ------------------------------------------------------------------------------------------------- */

/* "target_id=0 nr_regions=10 START-END: NR AGE" */
static void
print_region(uint64_t time_ns, const char *text, void *data)
{
    const World *world = data;
    unsigned long long start, end, accesses, age;
    unsigned count;
    if (sscanf(text, "target_id=%*u nr_regions=%u %llu-%llu: %llu %llu", &count, &start, &end, &accesses, &age) != 5)
        fail("an event that is not understood: %s", text);
    printf("r %llu %llu %llu %llu %llu\n", (unsigned long long)((time_ns - world->workload->start_ns) / 1000), start,
           end, accesses, age);
}

static void
watch_monitor(World *world)
{
    const uint64_t area = world->workload->area;
    const Kdamond fixed = {"fvaddr", world->pid, area, area + (uint64_t)RUN_AREA_PAGES * RUN_PAGE_BYTES, NULL};
    const Kdamond whole = {"vaddr", world->pid, 0, 0, NULL};
    put_number(BUFFER_KIB_MONITOR, "/sys/kernel/tracing/per_cpu/cpu%u/buffer_size_kb", CPU_WATCHED);
    trace_start("damon_aggregated");
    sleep_until_us(world, RUN_LEAD_US);
    damon_on(world->run->fixed ? &fixed : &whole, 1, CPU_WATCHED);
    sleep_until_us(world, RUN_LEAD_US + world->run->seconds * UINT64_C(1000000));
    trace_stop();
    damon_off(1);
    trace_read("damon_aggregated", print_region, world);
}

/* ---- Schemes and balancing --------------------------------------------------------------------------------------- */

static const char *const counters[] = {"numa_pte_updates ", "numa_hint_faults ", "pgpromote_success ", "pgdemote_",
                                       "pgmigrate_success "};
#define COUNTERS (sizeof counters / sizeof counters[0])

static uint64_t
cpu_time_us(pid_t pid)
{
    clockid_t clock;
    struct timespec used = {0};
    if (clock_getcpuclockid(pid, &clock) == 0)
        clock_gettime(clock, &used);
    return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

/*
 * "m TIME ACCESSES CPU_US NEAR0 ... NEAR9", the counters above, and for each scheme: regions and bytes tried, applied,
 * windows that used the quota up, effective quota.
 */
static void
print_row(World *world)
{
    const Placement placement = place_of(world->pid, world->workload->area, world->split);
    printf("m %llu %llu %llu", (unsigned long long)since_start_us(world), (unsigned long long)world->workload->accesses,
           (unsigned long long)cpu_time_us(world->pid));
    for (uint32_t tenth = 0; tenth < RUN_TENTHS; tenth++)
        printf(" %u", placement.near[tenth]);
    for (size_t i = 0; i < COUNTERS; i++)
        printf(" %llu", (unsigned long long)(get_vmstat(counters[i]) - world->vmstat_base[i]));
    for (unsigned k = 0; k < world->schemes; k++) {
        const SchemeState state = damon_scheme_state(k);
        printf(" %llu %llu %llu %llu %llu %llu", (unsigned long long)state.nr_tried, (unsigned long long)state.sz_tried,
               (unsigned long long)state.nr_applied, (unsigned long long)state.sz_applied,
               (unsigned long long)state.qt_exceeds, (unsigned long long)state.effective_bytes);
    }
    printf("\n");
}

/* A goal is told how near it is: given scores one after the other, or half of the area on node 1. */
static void
feed(World *world, uint32_t second)
{
    static const uint32_t scores[] = {5000, 12000, 9000, 10000};
    if (strcmp(world->run->name, "fed") == 0)
        damon_feed(0, scores[second / 10 < 3 ? second / 10 : 3]);
    if (strcmp(world->run->name, "closed") == 0) {
        const Placement placement = place_of(world->pid, world->workload->area, world->split);
        damon_feed(0, (uint64_t)10000 * (placement.pages - placement.near_pages) / (RUN_AREA_PAGES / 2));
    }
}

static void
watch_rows(World *world)
{
    const uint64_t start_us = since_start_us(world);
    for (uint32_t second = 0; second < world->run->seconds; second++) {
        feed(world, second);
        print_row(world);
        sleep_until_us(world, start_us + (second + 1) * ROW_US);
    }
    print_row(world);
}

static void
watch_schemes(World *world)
{
    static const Scheme demote = {"migrate_cold", 1, 0, 0, 10, 16 * MIB, 1000, false};
    static const Scheme promote = {"migrate_hot", 0, 1, UINT32_MAX, 0, 8 * MIB, 1000, false};
    static const Scheme steered = {"migrate_cold", 1, 0, 0, 10, 64 * MIB, 1000, true};
    const Placement placement = place_of(world->pid, world->workload->area, world->split);
    if (placement.near_pages > 0)
        printf("span %llu\n", (unsigned long long)(placement.end - placement.first));
    const uint64_t far_end = world->split + 512 * MIB;
    const Kdamond near = {"paddr", 0, placement.first, placement.end,
                          strcmp(world->run->name, "fed") == 0 || strcmp(world->run->name, "closed") == 0 ? &steered
                                                                                                          : &demote};
    const Kdamond far = {"paddr", 0, world->split, far_end, &promote};
    const Kdamond two[] = {near, far};
    world->schemes = strcmp(world->run->name, "both") == 0 ? 2 : 1;
    sleep_until_us(world, RUN_LEAD_US);
    damon_on(world->schemes == 2 ? two : world->run->far ? &far : &near, world->schemes, CPU_WATCHED);
    watch_rows(world);
    damon_off(world->schemes);
}

static void
watch_balancing(World *world)
{
    put("1", "/sys/kernel/mm/numa/demotion_enabled");
    put("2", "/proc/sys/kernel/numa_balancing");
    watch_rows(world);
    put("0", "/proc/sys/kernel/numa_balancing");
    put("0", "/sys/kernel/mm/numa/demotion_enabled");
}

/* ---- All of it ----------------------------------------------------------------------------------------------------
 */

static const Run *
find_run(const char *name)
{
    for (size_t i = 0; i < RUN_COUNT; i++)
        if (strcmp(runs[i].name, name) == 0)
            return &runs[i];
    fail("no run '%s'", name);
}

static void
do_run(World *world)
{
    struct utsname kernel;
    uname(&kernel);
    printf("run %s %llu %s\n", world->run->name, (unsigned long long)world->seed, kernel.release);
    start_workload(world);
    for (size_t i = 0; i < COUNTERS; i++)
        world->vmstat_base[i] = get_vmstat(counters[i]);
    go_workload(world);
    if (world->run->kind == RUN_MONITOR)
        watch_monitor(world);
    else if (world->run->kind == RUN_SCHEMES)
        watch_schemes(world);
    else
        watch_balancing(world);
    stop_workload(world);
    printf("end %s\n", world->run->name);
    fflush(stdout);
}

static void
prepare(void)
{
    if (!has("/sys/kernel/mm/damon/admin/kdamonds"))
        fail("the kernel has no DAMON with files under /sys (CONFIG_DAMON_SYSFS)");
    if (mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) < 0 && errno != EBUSY)
        fail("no tracefs: %s", strerror(errno));
    put("2", "/proc/sys/kernel/randomize_va_space");
    put("madvise", "/sys/kernel/mm/transparent_hugepage/enabled");
    put_number(BUFFER_KIB_OTHER, "/sys/kernel/tracing/buffer_size_kb");
    pin(0, CPU_CONTROL);
}

int
main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "workload") == 0) {
        const int fd = (int)strtol(argv[4], NULL, 10);
        Workload *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        workload_main(find_run(argv[2]), strtoull(argv[3], NULL, 10), shared);
        return 0;
    }
    prepare();
    for (int i = 2; i < argc; i++) {
        char *colon = strchr(argv[i], ':');
        if (colon == NULL)
            fail("'%s' is not RUN:SEED", argv[i]);
        *colon = '\0';
        World world = {
            .run = find_run(argv[i]), .seed = strtoull(colon + 1, NULL, 10), .split = strtoull(argv[1], NULL, 10)};
        do_run(&world);
    }
    return 0;
}
