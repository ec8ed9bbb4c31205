/* SPDX-License-Identifier: MIT */
/*
 * Fault logs of NVIDIA's unified-memory driver with UVMEVAL's instrumentation (tallendev/uvm-eval, driver 460.27.04
 * "faults"; layout in benchmarksv3/fault-scripts/README.MD and tools/plotv2/Fault.py): lines
 *
 *     f,ADDRESS,NS,FAULT,ACCESS,MASK,INSTANCES,CLIENT-TYPE,ENGINE-TYPE,CLIENT,ENGINE,UTLB,GPC,CHANNEL,VE
 *                          a fault: the address in hexadecimal, the GPU's time; ACCESS 0 prefetch, 1 read, 2 write, 3
 * and 4 atomic d,...                the same, dropped from a full buffer: it comes again s,... b,... p,... e,...  begin
 * and end of a batch, pages prefetched and blocks evicted by the driver ADDRESS [ADDRESS]    the managed ranges, before
 * all others
 *
 * as tools/sys2csv/log2csv.sh makes them, or with the system log's prefix up to a semicolon. A fault becomes an access
 * of the whole 4 KiB page, which is all that it says; a client of a TLB of a GPC, roughly an SM, becomes a thread. What
 * the driver did is left out: that is for the policy of the experiment. Logs of the driver "batchd" have no addresses
 * and are refused.
 */
#include <traces/import/formats.h>
#include <traces/import/lines.h>

#define PAGE_BYTES UINT64_C(4096)
#define PS_PER_NS 1000u
#define FAULT_NUMBERS 13u /* after the address */
#define ID_MAX 0xffffu
/* Fields of a batchd line; the b lines of a fault log have 3. */
#define BATCHD_FIELDS 20u

/* Numbers of a fault, in the order of the line. */
enum {
    FAULT_NS,
    FAULT_TYPE,
    FAULT_ACCESS,
    FAULT_MASK,
    FAULT_INSTANCES,
    FAULT_CLIENT_TYPE,
    FAULT_ENGINE_TYPE,
    FAULT_CLIENT,
    FAULT_ENGINE,
    FAULT_UTLB,
    FAULT_GPC,
    FAULT_CHANNEL,
    FAULT_VE
};
enum { ACCESS_WRITE = 2, ACCESS_ATOMIC_WEAK, ACCESS_ATOMIC_STRONG };

typedef enum { LINE_WRONG, LINE_PASS, LINE_RANGE, LINE_FAULT, LINE_BATCHD } Kind;

typedef struct {
    uint64_t address;
    uint64_t numbers[FAULT_NUMBERS];
} Fault;

typedef struct {
    NsimImport *import;
    NsimInput *input;
    uint64_t last_key;
    char name[64];
} Reader;

/* After the log's own fields, "PRIORITY,NUMBER,TIME,FLAGS;". */
static const char *
skip_prefix(const char *at, const char *end)
{
    const char *semicolon = memchr(at, ';', (size_t)(end - at));
    return semicolon != NULL ? semicolon + 1 : at;
}

static bool
parse_fault(const char *at, const char *end, Fault *ret)
{
    (void)nsim_text_take_word(&at, end, "0x");
    if (!nsim_text_take_hex(&at, end, &ret->address))
        return false;
    for (unsigned i = 0; i < FAULT_NUMBERS; i++)
        if (!nsim_text_take_word(&at, end, ",") || !nsim_text_take_decimal(&at, end, &ret->numbers[i]))
            return false;
    /* Newer logs add fields of their own. */
    return ret->numbers[FAULT_ACCESS] <= ACCESS_ATOMIC_STRONG && (at == end || *at == ',' || *at == ' ');
}

static bool
is_range(const char *at, const char *end)
{
    uint64_t address;
    unsigned count = 0;
    for (at = nsim_text_skip_blanks(at, end); at < end; at = nsim_text_skip_blanks(at, end), count++) {
        (void)nsim_text_take_word(&at, end, "0x");
        if (!nsim_text_take_hex(&at, end, &address) || (at < end && *at != ' ' && *at != ','))
            return false;
        (void)nsim_text_take_word(&at, end, ",");
    }
    return count == 1 || count == 2;
}

static Kind
parse(const char *line, size_t length, bool *ret_prefixed, Fault *ret)
{
    const char *end = line + length, *at = skip_prefix(line, end);
    unsigned commas = 0;
    *ret_prefixed = at > line;
    if (length == 0)
        return LINE_PASS;
    if (end - at < 2 || at[1] != ',')
        return is_range(at, end) ? LINE_RANGE : *ret_prefixed ? LINE_PASS : LINE_WRONG;
    switch (at[0]) {
    case 'f':
        return parse_fault(at + 2, end, ret) ? LINE_FAULT : LINE_WRONG;
    case 'd':
        return parse_fault(at + 2, end, ret) ? LINE_PASS : LINE_WRONG;
    case 'b':
        for (const char *here = at; here < end; here++)
            commas += *here == ',';
        return commas + 1 >= BATCHD_FIELDS ? LINE_BATCHD : LINE_PASS;
    case 's':
    case 'p':
    case 'e':
        return LINE_PASS;
    default:
        return *ret_prefixed ? LINE_PASS : LINE_WRONG;
    }
}

static NsimLineKind
judge(const char *line, size_t length)
{
    Fault fault;
    bool prefixed;
    switch (parse(line, length, &prefixed, &fault)) {
    case LINE_FAULT:
    case LINE_BATCHD:
        return NSIM_LINE_OWN;
    case LINE_RANGE:
    case LINE_PASS:
        return NSIM_LINE_NEUTRAL;
    case LINE_WRONG:
        break;
    }
    return NSIM_LINE_FOREIGN;
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    return nsim_lines_probe(head, bytes, judge);
}

static bool
take_fault(Reader *reader, const Fault *fault, GError **error)
{
    const uint64_t gpc = fault->numbers[FAULT_GPC], utlb = fault->numbers[FAULT_UTLB],
                   client = fault->numbers[FAULT_CLIENT], access = fault->numbers[FAULT_ACCESS];
    const NsimInstant now = {.ns = fault->numbers[FAULT_NS]};
    uint64_t now_16ths;
    if (gpc > ID_MAX || utlb > ID_MAX || client > ID_MAX)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "GPC %" G_GUINT64_FORMAT ", TLB %" G_GUINT64_FORMAT ", client %" G_GUINT64_FORMAT
                                    ": the most is %u",
                                    gpc, utlb, client, ID_MAX);
    if (!nsim_lines_clock_16ths(reader->import, &now, &now_16ths))
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "time %" G_GUINT64_FORMAT " ns is more than 13 days after the first", now.ns);
    const uint64_t key = gpc << 32 | utlb << 16 | client;
    if (key != reader->last_key || reader->name[0] == '\0')
        g_snprintf(reader->name, sizeof reader->name, "gpc %u utlb %u client %u", (unsigned)gpc, (unsigned)utlb,
                   (unsigned)client);
    reader->last_key = key;
    const uint32_t thread = nsim_import_thread(reader->import, key, reader->name);
    nsim_import_record(reader->import);
    nsim_import_set_clock(reader->import, thread, now_16ths);
    nsim_import_access(reader->import, thread, access >= ACCESS_WRITE ? NSIM_OP_WRITE : NSIM_OP_READ,
                       fault->address & ~(PAGE_BYTES - 1), PAGE_BYTES);
    return true;
}

static bool
take(void *context, const char *text, size_t length, GError **error)
{
    Reader *reader = context;
    Fault fault;
    bool prefixed;
    switch (parse(text, length, &prefixed, &fault)) {
    case LINE_FAULT:
        return take_fault(reader, &fault, error);
    case LINE_RANGE:
    case LINE_PASS:
        nsim_import_skip(reader->import);
        return true;
    case LINE_BATCHD:
        return nsim_import_bad_line(
            reader->import, reader->input, error,
            "a batch of the driver \"batchd\": such logs count faults and have no addresses; only "
            "logs of the driver \"faults\" can be imported");
    case LINE_WRONG:
        break;
    }
    return nsim_import_bad_line(
        reader->import, reader->input, error,
        "'%.*s' is not a line of a fault log (\"f,ADDRESS,NS,\" and 12 numbers, access type 0 to "
        "4; d, s, b, p, e or a range)",
        NSIM_LINE_SHOWN(text, length));
}

static bool
read_uvm_log(NsimImport *import, NsimInput *input, GError **error)
{
    const NsimImportHeader header = {.unit = NSIM_GAP_PS,
                                     .capture =
                                         "UVMEVAL fault log: a page for each fault of a GPU; the clock is the GPU's",
                                     .filter = "faults only: what a GPU does to pages it has is not there"};
    Reader reader = {.import = import, .input = input};
    return nsim_import_begin(import, &header, error) && nsim_lines_read(import, input, take, &reader, error);
}

const NsimTraceFormat nsim_trace_format_uvm_log = {
    .name = "uvm-log",
    .summary = "fault log of NVIDIA's driver with UVMEVAL's instrumentation",
    .probe = probe,
    .read = read_uvm_log,
};
