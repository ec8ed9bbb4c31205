#!/bin/sh
# SPDX-License-Identifier: MIT
# The checks of the kernels, on the tiny shape: right results, the same for every way to compute them, and captures
# that a plain cache confirms. Usage: check.sh BUILD-DIR (where the Makefile put the programs).
set -eu
build=$1
work=$build/check
rm -rf "$work"
mkdir -p "$work"

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# Without the instructions of the AVX2 build only the portable program runs.
programs="llama llama-portable llama-captured"
if [ -r /proc/cpuinfo ] && [ "$(uname -m)" = x86_64 ] && ! grep -q 'f16c.*avx2' /proc/cpuinfo; then
    programs="llama-portable"
fi

# Sets `got` to the checksum that a program prints.
checksum_of() {
    "$@" >"$work/out" || fail "$*"
    got=$(grep '^checksum:' "$work/out")
}

want=
for program in $programs; do
    checksum_of "$build/$program" --self-check
    : "${want:=$got}"
    for threads in 1 2 3 4; do
        for batch in 1 5 64; do
            checksum_of "$build/$program" --threads $threads --batch $batch
            [ "$got" = "$want" ] || fail "$program --threads $threads --batch $batch: $got, want $want"
        done
    done
done
echo "ok: $want for every program, thread count and batch"

case $programs in *captured*) ;; *) exit 0 ;; esac

# The working set is 0.5 MB: a cache of 64 KiB has misses and write-backs. 8-way, so that sets fill and wrap.
for threads in 1 4; do
    for level in 0 19; do
        "$build/llama-captured" --threads $threads --capture "$work/tiny.trace" --raw "$work/raw" --cache 64 --ways 8 \
            --turn 5000 --level $level >"$work/out" || fail "capture with $threads threads"
        grep -qx "$want" "$work/out" || fail "capture changed the result"
        "$build/verify" "$work/tiny.trace" "$work/raw" 64 8 >"$work/verified" || fail "trace with $threads threads"
        # The runtime counted what the trace has.
        counted=$(sed -n 's/.*lines: \(.*\); .*runs.*/\1/p' "$work/out")
        written=$(sed -n 's/.*lines: \(.*\); .*marks.*/\1/p' "$work/verified")
        [ -n "$counted" ] && [ "$counted" = "$written" ] || fail "runtime counted '$counted', trace has '$written'"
        case $written in *" 0 "*) fail "a check without $written shows nothing" ;; esac
    done
    cp "$work/tiny.trace" "$work/first.trace"
    "$build/llama-captured" --threads $threads --capture "$work/tiny.trace" --cache 64 --ways 8 --turn 5000 >/dev/null
    cmp "$work/first.trace" "$work/tiny.trace" || fail "two captures with $threads threads differ"
    echo "ok: capture with $threads threads: $written lines, as the plain cache says"
done

# With more weights than cache, each pass over the model (a prompt, two tokens) reads every line of them once.
"$build/llama-captured" --shape small --threads 4 --prompt 4 --tokens 2 --caches 2 --cache 1024 --level 1 \
    --capture "$work/two.trace" >/dev/null
"$build/verify" "$work/two.trace" >"$work/verified" || fail "capture with two caches"
lines=$(sed -n 's/^region weights: \([0-9]*\) lines, .*/\1/p' "$work/verified")
read=$(sed -n 's/^region weights: .* lines, \([0-9]*\) read.*/\1/p' "$work/verified")
[ "$read" = $((3 * lines)) ] || fail "$lines lines of weights were read $read times in 3 passes"
echo "ok: 3 passes over $lines lines of weights read $read lines"

if "$build/llama-captured" --capture "$work/none.trace" --cache 96 --ways 16 2>"$work/err"; then
    fail "a cache of 96 sets was accepted"
fi
[ ! -e "$work/none.trace" ] || fail "a refused capture left a file"
if "$build/llama-captured" --capture "$work/missing/x.trace" 2>"$work/err"; then
    fail "a trace in a missing folder was accepted"
fi
rm -rf "$work"
echo "ok: kernels"
