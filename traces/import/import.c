/* SPDX-License-Identifier: MIT */
/* What all importers share: threads and their clocks, the cache in front, the trace that comes out, messages. */
#include <traces/import/import.h>

#include <sim/assert.h>
#include <stdarg.h>
#include <traces/capture/coalescer.h>
#include <traces/capture/filter.h>
#include <traces/import/formats.h>

/* One access of an input: more is taken for damage. */
#define ACCESS_BYTES_MAX ((uint64_t)1 << 30)
#define CACHE_SETS_MAX (1u << 24)

typedef struct {
    NsimImport *import;
    NsimCoalescer coalescer;
    uint64_t now_16ths;
    uint32_t number;
} Thread;

typedef struct {
    uint64_t address, end;
    char *name;
} Region;

struct _NsimImport {
    const NsimImportOptions *options;
    const NsimTraceFormat *format;
    NsimImportResult result;
    NsimTraceWriter *writer; /* NULL before nsim_import_begin() */
    NsimImportHeader header;
    NsimFilter *filter;  /* NULL: no cache in front */
    GPtrArray *threads;  /* of Thread */
    GHashTable *numbers; /* from input number and key to the thread's number */
    uint64_t last_key;
    uint32_t last_thread; /* UINT32_MAX: none */
    uint32_t input_number;
    char *file;           /* of an input that is a directory; NULL: the input */
    uint64_t record_base; /* records of the inputs and files before */
    uint64_t origin;
    bool has_origin;
    GArray *regions;
    const void *data; /* instead of the inputs, NULL: none */
    size_t data_bytes;
    char *problem; /* NULL: none; what a reader is told at its next nsim_import_go_on() */
};

/* ---- What a reader says ---------------------------------------------------------------------------------------- */

const NsimImportOptions *
nsim_import_options(const NsimImport *import)
{
    return import->options;
}

const char *
nsim_import_path(const NsimImport *import)
{
    return import->options->inputs[import->input_number];
}

uint32_t
nsim_import_input_number(const NsimImport *import)
{
    return import->input_number;
}

void
nsim_import_set_file(NsimImport *import, const char *name)
{
    g_free(import->file);
    import->file = g_strdup(name);
    import->record_base = import->result.record_count;
}

uint64_t
nsim_import_origin(NsimImport *import, uint64_t time)
{
    if (!import->has_origin)
        import->origin = time;
    import->has_origin = true;
    return import->origin;
}

static char *
capture_text(const NsimImport *import, const NsimImportHeader *header)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "imported from %s (%s)", import->format->name, header->capture);
    return g_string_free(text, FALSE);
}

/* "llc 32MiB 16-way lru": the cache that the import puts in front. */
static char *
filter_text(const NsimImportOptions *options)
{
    const bool whole = options->cache_bytes % (1u << 20) == 0;
    return g_strdup_printf("llc %" G_GUINT64_FORMAT "%s %u-way lru, 64-byte lines, write-back, write-allocate",
                           options->cache_bytes >> (whole ? 20 : 10), whole ? "MiB" : "KiB", options->cache_ways);
}

bool
nsim_import_begin(NsimImport *import, const NsimImportHeader *header, GError **error)
{
    const NsimImportOptions *options = import->options;
    const uint64_t rate = options->instructions_per_s > 0 ? options->instructions_per_s : header->instructions_per_s;
    if (import->writer != NULL) {
        if (import->header.unit == header->unit)
            return true;
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT,
                    "%s: counts time in another unit than the inputs before it", nsim_import_path(import));
        return false;
    }
    import->header = *header;
    const char *known = options->filtered != NULL ? options->filtered : header->filter;
    if (known != NULL && import->filter != NULL) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT,
                    "%s: holds misses of a cache already (%s): a cache in front of it would be wrong",
                    nsim_import_path(import), known);
        return false;
    }
    import->result.filtered = known != NULL || import->filter != NULL;
    g_autofree char *filter = import->filter != NULL ? filter_text(options) : g_strdup(known);
    g_autofree char *capture = capture_text(import, header);
    g_autofree char *program =
        options->program != NULL ? g_strdup(options->program) : g_path_get_basename(options->inputs[0]);
    const NsimTraceWriterOptions writer_options = {.gap_unit = header->unit,
                                                   .gap_per_s = header->unit == NSIM_GAP_INSTRUCTIONS ? rate : 0,
                                                   .program = program,
                                                   .capture = capture,
                                                   .filter = filter,
                                                   .filtered = import->result.filtered,
                                                   .level = options->level};
    import->writer = nsim_trace_writer_new(options->output, &writer_options, error);
    return import->writer != NULL;
}

/* Keep the first problem; the reader hears of it soon. */
static void keep_problem(NsimImport *import, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
keep_problem(NsimImport *import, const char *format, ...)
{
    va_list arguments;
    if (import->problem != NULL)
        return;
    va_start(arguments, format);
    import->problem = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

static void
run_done(void *context, const NsimRun *run)
{
    Thread *thread = context;
    nsim_trace_writer_run(thread->import->writer, thread->number, run);
}

static void
line_moved(void *context, NsimOp op, uint64_t line)
{
    Thread *thread = context;
    nsim_coalescer_add(&thread->coalescer, op, line, thread->now_16ths);
}

static uint32_t
add_thread(NsimImport *import, uint64_t key, const char *name)
{
    if (import->threads->len >= NSIM_TRACE_THREADS_MAX) {
        keep_problem(import, "more than %u threads", NSIM_TRACE_THREADS_MAX);
        return 0;
    }
    g_autofree char *own = name == NULL ? g_strdup_printf("thread %" G_GUINT64_FORMAT, key) : NULL;
    Thread *thread = g_new0(Thread, 1);
    thread->import = import;
    thread->number = nsim_trace_writer_add_thread(import->writer, name != NULL ? name : own);
    nsim_coalescer_init(&thread->coalescer, run_done, thread);
    g_ptr_array_add(import->threads, thread);
    import->result.thread_count++;
    return thread->number;
}

typedef struct {
    uint64_t key;
    uint32_t input_number;
} ThreadKey;

static guint
hash_key(gconstpointer pointer)
{
    const ThreadKey *key = pointer;
    return (guint)((key->key + key->input_number) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static gboolean
same_key(gconstpointer a, gconstpointer b)
{
    const ThreadKey *left = a, *right = b;
    return left->key == right->key && left->input_number == right->input_number;
}

uint32_t
nsim_import_thread(NsimImport *import, uint64_t key, const char *name)
{
    if (G_LIKELY(key == import->last_key && import->last_thread != UINT32_MAX))
        return import->last_thread;
    nsim_assert(import->writer != NULL);
    const ThreadKey full = {key, import->input_number};
    gpointer value;
    if (!g_hash_table_lookup_extended(import->numbers, &full, NULL, &value)) {
        value = GUINT_TO_POINTER(add_thread(import, key, name));
        /* Only as many as there are threads: a flood of keys must not fill memory. */
        if (import->problem == NULL)
            g_hash_table_insert(import->numbers, g_memdup2(&full, sizeof full), value);
    }
    import->last_key = key;
    import->last_thread = GPOINTER_TO_UINT(value);
    return import->last_thread;
}

static Thread *
thread_of(NsimImport *import, uint32_t thread)
{
    return g_ptr_array_index(import->threads, thread);
}

static inline void
advance(NsimImport *import, Thread *self, uint64_t sixteenths)
{
    if (G_UNLIKELY(__builtin_add_overflow(self->now_16ths, sixteenths, &self->now_16ths))) {
        self->now_16ths = UINT64_MAX;
        keep_problem(import, "time of thread %u exceeds 2^60", self->number);
    }
}

void
nsim_import_advance(NsimImport *import, uint32_t thread, uint64_t sixteenths)
{
    advance(import, thread_of(import, thread), sixteenths);
}

void
nsim_import_set_clock(NsimImport *import, uint32_t thread, uint64_t now_16ths)
{
    Thread *self = thread_of(import, thread);
    import->result.backward_count += now_16ths < self->now_16ths;
    self->now_16ths = MAX(self->now_16ths, now_16ths);
}

/* Lines `line` to `last` move. */
static void
touch_lines(NsimImport *import, Thread *self, NsimOp op, uint64_t line, uint64_t last)
{
    for (; line <= last; line++) {
        if (import->filter != NULL) {
            nsim_filter_access(import->filter, 0, line, op != NSIM_OP_READ, self);
            continue;
        }
        nsim_coalescer_add(&self->coalescer, op, line, self->now_16ths);
        /* The lines after the first go on its run at once. */
        NsimRun *run = &self->coalescer.run;
        const uint32_t lines = (uint32_t)MIN(last - line, NSIM_TRACE_RUN_LINES_MAX - run->count);
        run->count += lines;
        line += lines;
    }
}

static void
count_accesses(NsimImport *import, uint64_t count, uint64_t read_count)
{
    import->result.access_count += count;
    import->result.read_count += read_count;
    import->result.write_count += count - read_count;
}

/* The last line of an access. False: it is too large. */
static inline bool
find_last_line(NsimImport *import, uint64_t address, uint64_t bytes, uint64_t *ret_last)
{
    const uint64_t more = bytes > 0 ? bytes - 1 : 0;
    if (G_UNLIKELY(more >= ACCESS_BYTES_MAX)) {
        keep_problem(import, "access of %" G_GUINT64_FORMAT " bytes: more than 1 GiB", bytes);
        return false;
    }
    *ret_last = (more > UINT64_MAX - address ? UINT64_MAX : address + more) >> NSIM_LINE_SHIFT;
    return true;
}

void
nsim_import_access(NsimImport *import, uint32_t thread, NsimOp op, uint64_t address, uint64_t bytes)
{
    uint64_t last;
    count_accesses(import, 1, op == NSIM_OP_READ);
    if (find_last_line(import, address, bytes, &last))
        touch_lines(import, thread_of(import, thread), op, address >> NSIM_LINE_SHIFT, last);
}

/* Runs that have ended go to the writer many at a time: most accesses of a random program end one. */
typedef struct {
    NsimRun runs[NSIM_IMPORT_BATCH];
    size_t count;
} Runs;

static void
hand_on(NsimImport *import, const Thread *self, Runs *runs)
{
    nsim_trace_writer_runs(import->writer, self->number, runs->runs, runs->count);
    runs->count = 0;
}

void
nsim_import_accesses(NsimImport *import, uint32_t thread, const NsimImportAccess *accesses, size_t count)
{
    Thread *self = thread_of(import, thread);
    const bool has_filter = import->filter != NULL;
    uint64_t read_count = 0, last;
    Runs runs;
    runs.count = 0;
    nsim_assert(count <= NSIM_IMPORT_BATCH);
    for (size_t i = 0; i < count; i++) {
        const NsimOp op = (NsimOp)accesses[i].op;
        const uint64_t address = accesses[i].address, line = address >> NSIM_LINE_SHIFT;
        read_count += op == NSIM_OP_READ;
        advance(import, self, accesses[i].advance_16ths);
        if (G_LIKELY(address % NSIM_LINE_BYTES + accesses[i].bytes <= NSIM_LINE_BYTES && !has_filter)) {
            runs.count += nsim_coalescer_take(&self->coalescer, op, line, self->now_16ths, &runs.runs[runs.count]);
        } else if (find_last_line(import, address, accesses[i].bytes, &last)) {
            hand_on(import, self, &runs);
            touch_lines(import, self, op, line, last);
        }
    }
    hand_on(import, self, &runs);
    count_accesses(import, count, read_count);
}

void
nsim_import_mark(NsimImport *import, uint32_t thread, const char *name)
{
    Thread *self = thread_of(import, thread);
    const uint64_t gap = nsim_coalescer_flush(&self->coalescer, self->now_16ths);
    nsim_trace_writer_mark(import->writer, self->number, nsim_trace_writer_add_mark(import->writer, name), gap);
}

void
nsim_import_region(NsimImport *import, const char *name, uint64_t address, uint64_t bytes)
{
    if (import->regions->len >= NSIM_TRACE_REGIONS_MAX) {
        keep_problem(import, "more than %u regions", NSIM_TRACE_REGIONS_MAX);
        return;
    }
    if (bytes == 0 || bytes > UINT64_MAX - address)
        return;
    const Region region = {address, address + bytes, g_strndup(name, NSIM_TRACE_TEXT_MAX)};
    g_array_append_val(import->regions, region);
}

void
nsim_import_record(NsimImport *import)
{
    import->result.record_count++;
}

void
nsim_import_records(NsimImport *import, uint64_t count, uint64_t skipped_count)
{
    import->result.record_count += count;
    import->result.skipped_count += skipped_count;
}

void
nsim_import_skip(NsimImport *import)
{
    import->result.record_count++;
    import->result.skipped_count++;
}

/* ---- Messages -------------------------------------------------------------------------------------------------- */

static bool bad(NsimImport *import, const NsimInput *input, bool line, GError **error, const char *format,
                va_list arguments) G_GNUC_PRINTF(5, 0);

static bool
bad(NsimImport *import, const NsimInput *input, bool line, GError **error, const char *format, va_list arguments)
{
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    const char *own = strcmp(nsim_import_path(import), "-") == 0 ? "standard input" : nsim_import_path(import);
    g_autofree char *path = import->file != NULL ? g_build_filename(own, import->file, NULL) : g_strdup(own);
    if (input == NULL)
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT, "%s: %s", path, what);
    else if (line)
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT, "%s:%" G_GUINT64_FORMAT ": %s", path,
                    nsim_input_line_number(input), what);
    else
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                    "%s: record %" G_GUINT64_FORMAT " at byte %" G_GUINT64_FORMAT ": %s", path,
                    import->result.record_count - import->record_base, nsim_input_offset(input), what);
    return false;
}

bool
nsim_import_bad(NsimImport *import, const NsimInput *input, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bad(import, input, false, error, format, arguments);
    va_end(arguments);
    return false;
}

bool
nsim_import_bad_line(NsimImport *import, const NsimInput *input, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bad(import, input, true, error, format, arguments);
    va_end(arguments);
    return false;
}

bool
nsim_import_go_on(NsimImport *import, const NsimInput *input, GError **error)
{
    if (import->problem != NULL)
        return nsim_import_bad(import, input, error, "%s", import->problem);
    if (import->options->access_max > 0 && import->result.access_count > import->options->access_max) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: more than %" G_GUINT64_FORMAT " accesses",
                    nsim_import_path(import), import->options->access_max);
        return false;
    }
    /* What went wrong is for close() to say. */
    if (import->writer != NULL && nsim_trace_writer_failed(import->writer)) {
        const bool closed = nsim_trace_writer_close(g_steal_pointer(&import->writer), error);
        nsim_assert(!closed);
        return false;
    }
    if (import->options->progress != NULL && input != NULL) {
        uint64_t done, total;
        nsim_input_progress(input, &done, &total);
        import->options->progress(import->options->progress_context, done, total, import->result.access_count);
    }
    return true;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static int
compare_regions(gconstpointer a, gconstpointer b)
{
    const Region *left = a, *right = b;
    return left->address < right->address ? -1 : left->address > right->address;
}

/* The parts of regions that no region before them (by address) has. */
static void
write_regions(NsimImport *import)
{
    uint64_t covered = 0;
    g_array_sort(import->regions, compare_regions);
    for (guint i = 0; i < import->regions->len; i++) {
        const Region *region = &g_array_index(import->regions, Region, i);
        const uint64_t address = MAX(region->address, covered);
        if (address < region->end)
            nsim_trace_writer_add_region(import->writer, region->name, address, region->end - address);
        covered = MAX(covered, region->end);
    }
}

static bool
finish(NsimImport *import, GError **error)
{
    if (import->writer == NULL || import->result.access_count == 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT, "%s: no memory accesses in it, read as %s",
                    import->options->inputs[0], import->format->name);
        return false;
    }
    for (guint i = 0; i < import->threads->len; i++)
        (void)nsim_coalescer_flush(&thread_of(import, i)->coalescer, thread_of(import, i)->now_16ths);
    write_regions(import);
    for (NsimOp op = NSIM_OP_READ; op <= NSIM_OP_RFO; op++)
        import->result.line_count[op] = nsim_trace_writer_line_count(import->writer, op);
    return nsim_trace_writer_close(g_steal_pointer(&import->writer), error);
}

static bool
read_input(NsimImport *import, GError **error)
{
    g_autoptr(NsimInput) input = NULL;
    g_autoptr(GError) problem = NULL;
    import->last_thread = UINT32_MAX;
    nsim_import_set_file(import, NULL);
    if (import->data != NULL) {
        input = nsim_input_new_from_memory(import->data, import->data_bytes);
    } else if (!import->format->by_path) {
        input = nsim_input_open(nsim_import_path(import), error);
        if (input == NULL)
            return false;
    }
    if (import->format->read(import, input, &problem) && nsim_import_go_on(import, input, error))
        return true;
    if (problem != NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static bool
make_filter(NsimImport *import, GError **error)
{
    const NsimImportOptions *options = import->options;
    const uint64_t ways = options->cache_ways, sets = ways > 0 ? options->cache_bytes / NSIM_LINE_BYTES / ways : 0;
    if (options->cache_bytes == 0)
        return true;
    if (ways < 1 || ways > 64 || sets == 0 || sets > CACHE_SETS_MAX || (sets & (sets - 1)) != 0 ||
        sets * ways * NSIM_LINE_BYTES != options->cache_bytes) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "cache of %" G_GUINT64_FORMAT " bytes with %u ways: allowed are 1 to 64 ways and a power of two of "
                    "sets up to 2^24, 64-byte lines",
                    options->cache_bytes, options->cache_ways);
        return false;
    }
    import->filter = nsim_filter_new(1, (uint32_t)sets, (uint32_t)ways, line_moved);
    return import->filter != NULL;
}

static void
clear_region(gpointer region)
{
    g_free(((Region *)region)->name);
}

void
nsim_import_options_init(NsimImportOptions *options)
{
    *options = (NsimImportOptions){.gap_ps = UINT64_MAX, .cache_ways = 16, .level = 3};
}

static bool
read_inputs(NsimImport *import, GError **error)
{
    for (; import->options->inputs[import->input_number] != NULL; import->input_number++) {
        if (!read_input(import, error))
            return false;
        if (import->data != NULL)
            break;
    }
    return true;
}

static bool
run_import(const NsimImportOptions *options, const void *data, size_t bytes, NsimImportResult *ret_result,
           GError **error)
{
    NsimImport import = {.options = options, .data = data, .data_bytes = bytes, .last_thread = UINT32_MAX};
    import.threads = g_ptr_array_new_with_free_func(g_free);
    import.numbers = g_hash_table_new_full(hash_key, same_key, g_free, NULL);
    import.regions = g_array_new(FALSE, FALSE, sizeof(Region));
    g_array_set_clear_func(import.regions, clear_region);

    import.format = nsim_trace_format_find(options->from, options->inputs[0], error);
    bool good = import.format != NULL && make_filter(&import, error) && read_inputs(&import, error);
    import.input_number = 0;
    good = good && finish(&import, error);

    import.result.format = import.format != NULL ? import.format->name : NULL;
    if (ret_result != NULL)
        *ret_result = import.result;
    nsim_trace_writer_abandon(import.writer);
    nsim_filter_free(import.filter);
    g_array_unref(import.regions);
    g_hash_table_unref(import.numbers);
    g_ptr_array_unref(import.threads);
    g_free(import.problem);
    g_free(import.file);
    return good;
}

/* From one input to a rate trace. */
static bool
convert(const NsimImportOptions *options, NsimImportResult *ret_result, GError **error)
{
    const NsimTraceFormat *format = nsim_trace_format_find(options->from, options->inputs[0], error);
    if (format == NULL)
        return false;
    if (format->convert == NULL || options->inputs[1] != NULL) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    format->convert == NULL ? "'%s' is the name of a rate trace, which only damo's reports become"
                                            : "'%s' is the name of a rate trace, which is made of one input",
                    options->output);
        return false;
    }
    if (ret_result != NULL)
        *ret_result = (NsimImportResult){.format = format->name, .is_rate = true};
    return format->convert(options, options->inputs[0], error);
}

bool
nsim_import_trace(const NsimImportOptions *options, NsimImportResult *ret_result, GError **error)
{
    if (g_str_has_suffix(options->output, ".rate") || g_str_has_suffix(options->output, ".rate.zst"))
        return convert(options, ret_result, error);
    return run_import(options, NULL, 0, ret_result, error);
}

bool
nsim_import_memory(const NsimImportOptions *options, const void *data, size_t bytes, NsimImportResult *ret_result,
                   GError **error)
{
    nsim_assert(options->from != NULL && data != NULL);
    return run_import(options, data, bytes, ret_result, error);
}
