/* SPDX-License-Identifier: MIT */
/* Files of the kernel as guest.h says: values of sysfs, counters, events. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 256u
#define LINE_BYTES_MAX 512u
#define TRACING "/sys/kernel/tracing"

static void
put_at(const char *path, const char *value)
{
    const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    const ssize_t length = (ssize_t)strlen(value);
    if (fd < 0 || write(fd, value, (size_t)length) != length)
        fail("'%s' into %s: %s", value, path, strerror(errno));
    close(fd);
}

void
put(const char *value, const char *format, ...)
{
    char path[PATH_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    put_at(path, value);
}

void
put_number(uint64_t value, const char *format, ...)
{
    char path[PATH_BYTES], text[24];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put_at(path, text);
}

bool
has(const char *path)
{
    return access(path, F_OK) == 0;
}

uint64_t
get_number(const char *format, ...)
{
    char path[PATH_BYTES], text[64] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    return got > 0 ? strtoull(text, NULL, 10) : 0;
}

uint64_t
get_vmstat(const char *name)
{
    char line[LINE_BYTES_MAX];
    uint64_t sum = 0;
    FILE *file = fopen("/proc/vmstat", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 && strchr(line, ' ') != NULL)
            sum += strtoull(strchr(line, ' '), NULL, 10);
    if (file != NULL)
        fclose(file);
    return sum;
}

/* ---- Events ----------------------------------------------------------------------------------------------------- */

void
trace_start(const char *event)
{
    put("0", TRACING "/tracing_on");
    put("mono", TRACING "/trace_clock");
    put("", TRACING "/trace");
    put("1", TRACING "/events/damon/%s/enable", event);
    put("1", TRACING "/tracing_on");
}

void
trace_stop(void)
{
    put("0", TRACING "/tracing_on");
    put("0", TRACING "/events/enable");
}

/* "kdamond.0-57 [001] ..... 12.345678: NAME: TEXT" */
void
trace_read(const char *event, void (*each)(uint64_t time_ns, const char *text, void *data), void *data)
{
    char line[LINE_BYTES_MAX], name[64];
    FILE *file = fopen(TRACING "/trace", "re");
    if (file == NULL)
        fail("no " TRACING "/trace");
    snprintf(name, sizeof name, ": %s: ", event);
    while (fgets(line, sizeof line, file) != NULL) {
        char *text = line[0] != '#' ? strstr(line, name) : NULL;
        if (text == NULL)
            continue;
        *text = '\0';
        const char *time = strrchr(line, ' ');
        char *point = NULL;
        const uint64_t seconds = time != NULL ? strtoull(time + 1, &point, 10) : 0;
        const uint64_t micros = point != NULL && *point == '.' ? strtoull(point + 1, NULL, 10) : 0;
        each(seconds * 1000000000 + micros * 1000, text + strlen(name), data);
    }
    fclose(file);
}
