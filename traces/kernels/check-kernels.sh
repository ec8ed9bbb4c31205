#!/bin/sh
# SPDX-License-Identifier: MIT
# The checks of the kernels beside llama, on small shapes: each checks its result, which is the same for any number of
# threads and in thread-block order; a capture does not change it, is what a plain cache says, and comes out the same
# again.
# Usage: check-kernels.sh BUILD-DIR (where the Makefile put the programs).
set -eu
build=$1
here=$(dirname "$0")
work=$build/check-kernels
rm -rf "$work"
mkdir -p "$work"

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# Without the instructions they are compiled for the programs cannot run.
if [ -r /proc/cpuinfo ] && [ "$(uname -m)" = x86_64 ] && ! grep -q 'f16c.*avx2' /proc/cpuinfo; then
    echo "skipped: kernels need AVX2"
    exit 0
fi

# Kernels with the shapes they are checked at; those with "gpu" in thread-block order too.
shapes='stream -- --elements 4
gups -- --table 12 --updates 4
chase -- --nodes 1 --hops 2
bfs gpu --scale 9
pagerank gpu --scale 9
wcc -- --scale 9
louvain -- --scale 8
kvs -- --objects 1 --requests 2
embedding gpu --rows 1 --queries 1
gemm gpu --m 2 --n 2 --k 3
multigrid gpu --base 4 --levels 3 --cycles 2
cnn -- --images 3 --outputs 12'

# run PROGRAM ARGS: sets `got` to the checksum it prints.
run() {
    "$@" >"$work/out" || fail "$*: $(cat "$work/out")"
    grep -qx 'check: passed' "$work/out" || fail "$*: nothing was checked"
    got=$(grep '^checksum:' "$work/out")
}

# capture NAME ARGS: twice, with a cache smaller than the data; the plain cache agrees.
capture() {
    name=$1
    shift
    run "$build/kernels-captured" "$@" --cache 16 --ways 8 --turn 3000 --level 1 --capture "$work/first.trace" \
        --raw "$work/raw"
    [ "$got" = "$want" ] || fail "$name: a capture changed the result"
    "$build/verify" "$work/first.trace" "$work/raw" 16 8 >"$work/verified" || fail "$name: the trace"
    counted=$(sed -n 's/.*lines: \(.*\); .*runs.*/\1/p' "$work/out")
    written=$(sed -n 's/.*lines: \(.*\); .*marks.*/\1/p' "$work/verified")
    [ "${counted:-none}" = "$written" ] || fail "$name: runtime counted '$counted', trace has '$written'"
    case $written in "0 read, 0 rfo, "*) fail "$name: a trace without reads shows nothing" ;; esac
    "$build/kernels-captured" "$@" --cache 16 --ways 8 --turn 3000 --level 1 --capture "$work/second.trace" >"$work/out"
    cmp "$work/first.trace" "$work/second.trace" || fail "$name: two captures differ"
}

echo "$shapes" | while read -r kernel order shape; do
    # shellcheck disable=SC2086 # the shape is several arguments
    run "$build/kernels" "$kernel" $shape
    want=$got
    for threads in 2 4 7; do
        # A chase has a ring for each thread; the sum is that of the first.
        # shellcheck disable=SC2086
        run "$build/kernels" "$kernel" $shape --threads $threads
        [ "$got" = "$want" ] || fail "$kernel with $threads threads: $got, want $want"
    done
    # shellcheck disable=SC2086
    capture "$kernel" "$kernel" $shape --threads 3
    if [ "$order" = gpu ]; then
        for threads in 1 3; do
            # shellcheck disable=SC2086
            run "$build/kernels" "$kernel" $shape --gpu --threads $threads --resident 4
            [ "$got" = "$want" ] || fail "$kernel in thread-block order: $got, want $want"
        done
        # shellcheck disable=SC2086
        capture "$kernel in thread-block order" "$kernel" $shape --gpu --threads 3 --resident 2
    fi
    # shellcheck disable=SC2086
    run "$build/kernels" "$kernel" $shape --seed 2
    case $kernel in
    stream) ;;
    *) [ "$got" != "$want" ] || fail "$kernel: another seed gives the same result" ;;
    esac
    echo "ok: $kernel: $want; captured: $counted lines"
done

# Marks of blocks: the four blocks of this product and no others.
"$build/kernels-captured" gemm --m 1 --n 2 --k 1 --gpu --threads 2 --block-marks --cache 16 --level 0 \
    --capture "$work/blocks.trace" >"$work/out"
for block in 0 1 2 3; do
    grep -aq "block:$block" "$work/blocks.trace" || fail "no mark of block $block"
done
! grep -aq "block:4" "$work/blocks.trace" || fail "a mark of a block that is not there"

# A chase marked dependent: the same lines; and a region that is not there is refused.
"$build/kernels-captured" chase --hops 2 --threads 3 --cache 16 --capture "$work/chase.trace" >"$work/out"
"$build/verify" "$work/chase.trace" >"$work/verified" || fail "the chase"
"$build/mark-dependent" "$work/chase.trace" chase-ring "$work/linked.trace" || fail "the chase cannot be marked"
"$build/verify" "$work/linked.trace" >"$work/linked" || fail "the marked chase"
for file in verified linked; do sed 's/, [0-9]* bytes$//' "$work/$file" >"$work/$file-lines"; done
cmp "$work/verified-lines" "$work/linked-lines" || fail "marking a chase changed its lines"
! cmp -s "$work/chase.trace" "$work/linked.trace" || fail "marking a chase did nothing"
if "$build/mark-dependent" "$work/chase.trace" chase "$work/none.trace" 2>"$work/err"; then
    fail "a missing region was marked"
fi
[ ! -e "$work/none.trace" ] || fail "a refused mark left a file"

for wrong in "nothing" "gups --table 3" "gups --table 12x" "kvs --gpu" "stream --threads 65" "stream more"; do
    # shellcheck disable=SC2086 # several arguments
    if "$build/kernels" $wrong >"$work/out" 2>"$work/err"; then
        fail "accepted: kernels $wrong"
    fi
    [ -s "$work/err" ] || fail "kernels $wrong: no message"
done
# Every line of the shipped shapes names a kernel.
sed -n 's/^[a-z][a-z-]* \([a-z]*\) .*/\1/p' "$here/shapes.txt" | while read -r kernel; do
    echo "$shapes" | grep -q "^$kernel " || fail "shapes.txt: no kernel $kernel"
done
rm -rf "$work"
echo "ok: kernels beside llama"
