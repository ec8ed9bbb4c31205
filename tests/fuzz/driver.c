/* SPDX-License-Identifier: MIT */
/*
 * A main() for fuzz targets where there is no libFuzzer: replays a corpus and mutates it.
 *
 *     fuzz-NAME                                  replay the corpus of NAME, then 2000 mutations of it (make check)
 *     fuzz-NAME [--seconds N] [--runs N] [--seed S] [--corpus DIR]
 *     fuzz-NAME FILE...                          run these inputs only, for looking into a failure
 *
 * Mutations: bits and bytes changed, numbers set to their limits, truncation, parts repeated, removed, moved in from
 * another input. There is no guidance by coverage; the targets are made so that little stands in the way. An input that
 * crashes, or takes longer than INPUT_SECONDS, is left in the working directory as fuzz-NAME.crash.
 */

#include <sim/random.h>

#include <glib.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHECK_RUNS = 2000, INPUT_SECONDS = 20, MUTATIONS_MAX = 8, INPUT_BYTES_MAX = 1 << 16 };
/* Without AddressSanitizer, which needs the address space for itself. */
#define MEMORY_BYTES_MAX ((rlim_t)4 << 30)

/* Of the sanitizers, where they are linked in: called before they end the program. */
void
__sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static struct {
    const uint8_t *data;
    size_t size;
    char crash_path[256];
} current;

typedef struct {
    GPtrArray *inputs; /* of GByteArray */
    NsimRandom random;
} Fuzzer;

/* ---- When it goes wrong -------------------------------------------------------------------------------------- */

/* Only system calls: this runs in signal handlers. */
static void
save_input(void)
{
    const int fd = open(current.crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    for (size_t at = 0; at < current.size;) {
        const ssize_t written = write(fd, current.data + at, current.size - at);
        if (written <= 0)
            break;
        at += (size_t)written;
    }
    close(fd);
}

static void
die(int number)
{
    save_input();
    signal(number, SIG_DFL);
    raise(number);
}

static void
give_up(int number)
{
    (void)number;
    static const char text[] = "fuzz: an input takes too long\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(3);
    save_input();
    _exit(2);
}

static void
watch(const char *name)
{
    snprintf(current.crash_path, sizeof current.crash_path, "%s.crash", name);
    signal(SIGALRM, give_up);
    signal(SIGABRT, die);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(save_input);
        return;
    }
    const struct rlimit limit = {.rlim_cur = MEMORY_BYTES_MAX, .rlim_max = MEMORY_BYTES_MAX};
    setrlimit(RLIMIT_AS, &limit);
    signal(SIGSEGV, die);
    signal(SIGBUS, die);
    signal(SIGFPE, die);
    signal(SIGILL, die);
}

/* A copy of its own size, so that reading past the end is noticed. */
static void
run_one(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *copy = g_malloc(size + (size == 0 ? 1 : 0));
    memcpy(copy, data, size);
    current.data = copy;
    current.size = size;
    alarm(INPUT_SECONDS);
    LLVMFuzzerTestOneInput(copy, size);
    alarm(0);
}

/* ---- Mutations ----------------------------------------------------------------------------------------------- */

static size_t
random_below(Fuzzer *fuzzer, size_t bound)
{
    return (size_t)nsim_random_below(&fuzzer->random, bound);
}

/* Length of a part that begins `left` bytes before the end: every order of magnitude equally often. */
static size_t
part_size(Fuzzer *fuzzer, size_t left)
{
    const size_t most = (size_t)1 << random_below(fuzzer, 12);
    return 1 + random_below(fuzzer, most < left ? most : left);
}

static void
insert(GByteArray *input, size_t at, const uint8_t *data, size_t size)
{
    const size_t tail = input->len - at;
    g_byte_array_set_size(input, (guint)(input->len + size));
    memmove(input->data + at + size, input->data + at, tail);
    memcpy(input->data + at, data, size);
}

static void
change_bytes(Fuzzer *fuzzer, GByteArray *input)
{
    const size_t at = random_below(fuzzer, input->len);
    switch (random_below(fuzzer, 4)) {
    case 0:
        input->data[at] ^= (uint8_t)(1u << random_below(fuzzer, 8));
        break;
    case 1:
        input->data[at] = (uint8_t)nsim_random_u64(&fuzzer->random);
        break;
    case 2:
        input->data[at] = (uint8_t)(input->data[at] + random_below(fuzzer, 9) - 4);
        break;
    default:
        for (size_t i = part_size(fuzzer, MIN((size_t)input->len - at, (size_t)8)); i > 0; i--)
            input->data[at + i - 1] = (uint8_t)nsim_random_u64(&fuzzer->random);
        break;
    }
}

/* A little-endian number at one of its limits, or near what it was. */
static void
change_number(Fuzzer *fuzzer, GByteArray *input)
{
    static const uint64_t values[] = {0,          1,          2,         UINT8_MAX,  UINT16_MAX, INT32_MAX,
                                      UINT32_MAX, UINT64_MAX, INT64_MAX, 4096,       4097,       32768,
                                      65536,      1u << 20,   1u << 23,  1ull << 32, 1ull << 43, 1ull << 58};
    const size_t bytes = (size_t)1 << random_below(fuzzer, 4);
    if (input->len < bytes)
        return;
    const size_t at = random_below(fuzzer, input->len - bytes + 1);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)input->data[at + i] << 8 * i;
    if (random_below(fuzzer, 2) == 0)
        value = values[random_below(fuzzer, G_N_ELEMENTS(values))];
    value += random_below(fuzzer, 3) - 1;
    for (size_t i = 0; i < bytes; i++)
        input->data[at + i] = (uint8_t)(value >> 8 * i);
}

static void
remove_part(Fuzzer *fuzzer, GByteArray *input)
{
    const size_t at = random_below(fuzzer, input->len);
    const size_t size = part_size(fuzzer, input->len - at);
    g_byte_array_remove_range(input, (guint)at, (guint)size);
}

/* Repeat a part, insert one of another input, or overwrite with one. */
static void
move_part(Fuzzer *fuzzer, GByteArray *input)
{
    const bool own = random_below(fuzzer, 2) == 0;
    const GByteArray *from = own ? input : g_ptr_array_index(fuzzer->inputs, random_below(fuzzer, fuzzer->inputs->len));
    if (from->len == 0)
        return;
    const size_t start = random_below(fuzzer, from->len);
    const size_t size = part_size(fuzzer, from->len - start);
    g_autofree uint8_t *part = g_memdup2(from->data + start, size);
    const size_t at = random_below(fuzzer, (size_t)input->len + 1);
    if (random_below(fuzzer, 2) == 0 && input->len + size <= INPUT_BYTES_MAX)
        insert(input, at, part, size);
    else
        memcpy(input->data + at, part, MIN(size, input->len - at));
}

static void
mutate(Fuzzer *fuzzer, GByteArray *input)
{
    for (size_t i = 1 + random_below(fuzzer, MUTATIONS_MAX); i > 0; i--) {
        if (input->len == 0) {
            const uint8_t byte = (uint8_t)nsim_random_u64(&fuzzer->random);
            g_byte_array_append(input, &byte, 1);
        }
        switch (random_below(fuzzer, 8)) {
        case 0:
        case 1:
        case 2:
            change_bytes(fuzzer, input);
            break;
        case 3:
        case 4:
            change_number(fuzzer, input);
            break;
        case 5:
            if (random_below(fuzzer, 4) == 0)
                g_byte_array_set_size(input, (guint)random_below(fuzzer, (size_t)input->len + 1));
            else
                remove_part(fuzzer, input);
            break;
        default:
            move_part(fuzzer, input);
            break;
        }
    }
}

/* ---- Runs ---------------------------------------------------------------------------------------------------- */

static GByteArray *
load(const char *path)
{
    char *data = NULL;
    gsize size = 0;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(path, &data, &size, &error)) {
        fprintf(stderr, "fuzz: %s\n", error->message);
        exit(2);
    }
    return g_byte_array_new_take((guint8 *)data, size);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The corpus in the order of names, whatever the directory's. */
static GPtrArray *
load_corpus(const char *path)
{
    GPtrArray *inputs = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    GDir *dir = g_dir_open(path, 0, &error);
    if (dir == NULL) {
        fprintf(stderr, "fuzz: %s\n", error->message);
        exit(2);
    }
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir))
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    g_dir_close(dir);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(inputs, load(g_ptr_array_index(names, i)));
    if (inputs->len == 0) {
        fprintf(stderr, "fuzz: %s: no inputs\n", path);
        exit(2);
    }
    return inputs;
}

static uint64_t
number_of(const char *option, const char *text)
{
    guint64 number = 0;
    g_autoptr(GError) error = NULL;
    if (text == NULL || !g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, &number, &error)) {
        fprintf(stderr, "fuzz: %s needs a number%s%s\n", option, error == NULL ? "" : ": ",
                error == NULL ? "" : error->message);
        exit(2);
    }
    return number;
}

static time_t
seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static uint64_t
fuzz(Fuzzer *fuzzer, uint64_t runs, uint64_t seconds)
{
    const time_t begin = seconds_now();
    uint64_t done = 0;
    while (done < runs && (seconds == 0 || (uint64_t)(seconds_now() - begin) < seconds)) {
        const GByteArray *seed = g_ptr_array_index(fuzzer->inputs, random_below(fuzzer, fuzzer->inputs->len));
        g_autoptr(GByteArray) input = g_byte_array_new();
        g_byte_array_append(input, seed->data, seed->len);
        mutate(fuzzer, input);
        run_one(input->data, input->len);
        done++;
    }
    return done;
}

int
main(int argc, char **argv)
{
    g_autofree char *name = g_path_get_basename(argv[0]), *corpus = NULL;
    uint64_t seconds = 0, runs = 0, seed = 1;
    int at = 1;
    watch(name);
    for (; at < argc && g_str_has_prefix(argv[at], "--"); at += 2) {
        const char *value = at + 1 < argc ? argv[at + 1] : NULL;
        if (strcmp(argv[at], "--corpus") == 0 && value != NULL) {
            g_free(corpus);
            corpus = g_strdup(value);
        } else if (strcmp(argv[at], "--seconds") == 0) {
            seconds = number_of(argv[at], value);
        } else if (strcmp(argv[at], "--runs") == 0) {
            runs = number_of(argv[at], value);
        } else if (strcmp(argv[at], "--seed") == 0) {
            seed = number_of(argv[at], value);
        } else {
            fprintf(stderr, "usage: %s [--seconds N] [--runs N] [--seed S] [--corpus DIR] | FILE...\n", name);
            return 2;
        }
    }
    for (int file = at; file < argc; file++) {
        g_autoptr(GByteArray) input = load(argv[file]);
        run_one(input->data, input->len);
    }
    if (at < argc)
        return 0;
    if (corpus == NULL) {
        const char *target = g_str_has_prefix(name, "fuzz-") ? name + strlen("fuzz-") : name;
        const char *srcdir = g_getenv("srcdir");
        corpus = g_build_filename(srcdir == NULL ? "." : srcdir, "tests/fuzz/corpus", target, NULL);
    }
    Fuzzer fuzzer = {.inputs = load_corpus(corpus)};
    nsim_random_init(&fuzzer.random, seed, name);
    for (guint i = 0; i < fuzzer.inputs->len; i++) {
        const GByteArray *input = g_ptr_array_index(fuzzer.inputs, i);
        run_one(input->data, input->len);
    }
    if (runs == 0)
        runs = seconds == 0 ? CHECK_RUNS : UINT64_MAX;
    printf("%s: %u inputs, ", name, fuzzer.inputs->len);
    fflush(stdout);
    printf("%lu mutations\n", (unsigned long)fuzz(&fuzzer, runs, seconds));
    g_ptr_array_unref(fuzzer.inputs);
    return 0;
}
