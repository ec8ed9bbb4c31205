#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the traced kernels apart from the project, natively and for capture, and runs their checks. Goal: the shipped
# trace can be made again. Skipped without GCC, whose call-outs the capture needs.
set -eu
command -v gcc >/dev/null 2>&1 || exit 77
command -v pkg-config >/dev/null 2>&1 || exit 77
echo 'int main(void) { return 0; }' | gcc -fsanitize=thread -x c -c -o /dev/null - 2>/dev/null || exit 77

work=$(mktemp -d "$builddir/test-kernels-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
# A make of its own: nothing of the calling make's options or variables.
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u CC -u CFLAGS \
    make -s -j2 -C "$srcdir/traces/kernels" B="$work" check
