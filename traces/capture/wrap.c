/* SPDX-License-Identifier: MIT */
/*
 * Functions of the C library that programs call and whose accesses no call-out reports: the linker, told --wrap=NAME,
 * sends the calls that a program's own files make here. They count what the function touches and have the C library
 * do the work. So have those that end the process, or replace it, hand over first what was seen.
 *
 * Calls that the C library, or another that is linked as it is, makes by itself do not come here, nor do copies of
 * constant size that the compiler puts in place of a call. Counts are what the functions are specified to touch,
 * not how they do it.
 */
#include "runtime.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A function that --wrap calls, with its prototype. */
#define WRAP(type, name, ...)                                                                                          \
    __attribute__((visibility("default"))) type __wrap_##name(__VA_ARGS__);                                            \
    type __wrap_##name(__VA_ARGS__)

static inline void
count_read(const void *address, size_t bytes)
{
    if (bytes > 0)
        nsim_capture_access((uintptr_t)address, bytes, false);
}

static inline void
count_write(const void *address, size_t bytes)
{
    if (bytes > 0)
        nsim_capture_access((uintptr_t)address, bytes, true);
}

/* ---- Memory -------------------------------------------------------------------------------------------------- */

WRAP(void *, memcpy, void *to, const void *from, size_t bytes)
{
    return nsim_capture_memcpy(to, from, bytes);
}

WRAP(void *, mempcpy, void *to, const void *from, size_t bytes)
{
    nsim_capture_memcpy(to, from, bytes);
    return (char *)to + bytes;
}

WRAP(void *, memmove, void *to, const void *from, size_t bytes)
{
    return nsim_capture_memmove(to, from, bytes);
}

WRAP(void *, memset, void *to, int value, size_t bytes)
{
    return nsim_capture_memset(to, value, bytes);
}

WRAP(int, memcmp, const void *a, const void *b, size_t bytes)
{
    const int result = memcmp(a, b, bytes);
    const unsigned char *x = a, *y = b;
    size_t seen = result == 0 ? bytes : 0;
    while (seen < bytes && x[seen] == y[seen])
        seen++;
    seen += result != 0;
    count_read(a, seen);
    count_read(b, seen);
    return result;
}

WRAP(void *, memchr, const void *at, int value, size_t bytes)
{
    char *found = memchr(at, value, bytes);
    count_read(at, found ? (size_t)(found - (const char *)at) + 1 : bytes);
    return found;
}

/* ---- Strings ------------------------------------------------------------------------------------------------- */

WRAP(size_t, strlen, const char *text)
{
    const size_t length = strlen(text);
    count_read(text, length + 1);
    return length;
}

WRAP(size_t, strnlen, const char *text, size_t most)
{
    const size_t length = strnlen(text, most);
    count_read(text, length < most ? length + 1 : most);
    return length;
}

WRAP(char *, strcpy, char *to, const char *from)
{
    const size_t bytes = strlen(from) + 1;
    count_read(from, bytes);
    count_write(to, bytes);
    memcpy(to, from, bytes);
    return to;
}

WRAP(char *, stpcpy, char *to, const char *from)
{
    const size_t bytes = strlen(from) + 1;
    count_read(from, bytes);
    count_write(to, bytes);
    memcpy(to, from, bytes);
    return to + bytes - 1;
}

WRAP(char *, strncpy, char *to, const char *from, size_t bytes)
{
    const size_t length = strnlen(from, bytes);
    count_read(from, length < bytes ? length + 1 : bytes);
    count_write(to, bytes);
    memcpy(to, from, length);
    memset(to + length, 0, bytes - length);
    return to;
}

WRAP(char *, strcat, char *to, const char *from)
{
    const size_t length = strlen(to), bytes = strlen(from) + 1;
    count_read(to, length + 1);
    count_read(from, bytes);
    count_write(to + length, bytes);
    memcpy(to + length, from, bytes);
    return to;
}

WRAP(char *, strncat, char *to, const char *from, size_t most)
{
    const size_t length = strlen(to), bytes = strnlen(from, most);
    count_read(to, length + 1);
    count_read(from, bytes < most ? bytes + 1 : bytes);
    count_write(to + length, bytes + 1);
    memcpy(to + length, from, bytes);
    to[length + bytes] = '\0';
    return to;
}

/* Bytes of each of two strings that a comparison looks at. */
static size_t
compared(const char *a, const char *b, size_t most)
{
    size_t seen = 0;
    while (seen < most && a[seen] == b[seen] && a[seen] != '\0')
        seen++;
    return seen < most ? seen + 1 : most;
}

WRAP(int, strcmp, const char *a, const char *b)
{
    const size_t seen = compared(a, b, SIZE_MAX);
    count_read(a, seen);
    count_read(b, seen);
    return strcmp(a, b);
}

WRAP(int, strncmp, const char *a, const char *b, size_t most)
{
    const size_t seen = compared(a, b, most);
    count_read(a, seen);
    count_read(b, seen);
    return strncmp(a, b, most);
}

WRAP(char *, strchr, const char *text, int value)
{
    char *found = strchr(text, value);
    count_read(text, found ? (size_t)(found - text) + 1 : strlen(text) + 1);
    return found;
}

WRAP(char *, strrchr, const char *text, int value)
{
    count_read(text, strlen(text) + 1);
    return strrchr(text, value);
}

WRAP(char *, strdup, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = strdup(text);
    count_read(text, bytes);
    if (copy)
        count_write(copy, bytes);
    return copy;
}

/* ---- As -D_FORTIFY_SOURCE has them called --------------------------------------------------------------------- */

void *__memcpy_chk(void *to, const void *from, size_t bytes, size_t room);
void *__memmove_chk(void *to, const void *from, size_t bytes, size_t room);
void *__memset_chk(void *to, int value, size_t bytes, size_t room);
char *__strcpy_chk(char *to, const char *from, size_t room);
char *__strcat_chk(char *to, const char *from, size_t room);
char *__strncpy_chk(char *to, const char *from, size_t bytes, size_t room);

WRAP(void *, __memcpy_chk, void *to, const void *from, size_t bytes, size_t room)
{
    count_read(from, bytes);
    count_write(to, bytes < room ? bytes : room);
    return __memcpy_chk(to, from, bytes, room);
}

WRAP(void *, __memmove_chk, void *to, const void *from, size_t bytes, size_t room)
{
    count_read(from, bytes);
    count_write(to, bytes < room ? bytes : room);
    return __memmove_chk(to, from, bytes, room);
}

WRAP(void *, __memset_chk, void *to, int value, size_t bytes, size_t room)
{
    count_write(to, bytes < room ? bytes : room);
    return __memset_chk(to, value, bytes, room);
}

WRAP(char *, __strcpy_chk, char *to, const char *from, size_t room)
{
    const size_t bytes = strlen(from) + 1;
    count_read(from, bytes);
    count_write(to, bytes < room ? bytes : room);
    return __strcpy_chk(to, from, room);
}

WRAP(char *, __strcat_chk, char *to, const char *from, size_t room)
{
    const size_t length = strlen(to), bytes = strlen(from) + 1;
    count_read(to, length + 1);
    count_read(from, bytes);
    count_write(to + length, bytes);
    return __strcat_chk(to, from, room);
}

WRAP(char *, __strncpy_chk, char *to, const char *from, size_t bytes, size_t room)
{
    const size_t length = strnlen(from, bytes);
    count_read(from, length < bytes ? length + 1 : bytes);
    count_write(to, bytes < room ? bytes : room);
    return __strncpy_chk(to, from, bytes, room);
}

/* ---- The end of the process ---------------------------------------------------------------------------------- */

WRAP(_Noreturn void, _exit, int status)
{
    nsim_auto_finish(NSIM_AUTO_ENDED);
    _exit(status);
}

WRAP(_Noreturn void, _Exit, int status)
{
    nsim_auto_finish(NSIM_AUTO_ENDED);
    _Exit(status);
}

WRAP(int, execve, const char *path, char *const arguments[], char *const environment[])
{
    nsim_auto_flush();
    return execve(path, arguments, environment);
}

WRAP(int, execv, const char *path, char *const arguments[])
{
    nsim_auto_flush();
    return execv(path, arguments);
}

WRAP(int, execvp, const char *file, char *const arguments[])
{
    nsim_auto_flush();
    return execvp(file, arguments);
}

WRAP(int, execvpe, const char *file, char *const arguments[], char *const environment[])
{
    nsim_auto_flush();
    return execvpe(file, arguments, environment);
}
