#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures the clock of the kernels beside llama: instructions of the native kernel (callgrind) over the accesses that a
# capture of the same run saw, and what one core does a second when the data is in its cache. The figures are those of
# the kernels' tables, instructions_256ths and instructions_per_s. Usage: calibrate-kernels.sh BUILD-DIR
set -eu
build=$1
work=$build/calibrate
mkdir -p "$work"

# Shapes of a megabyte or so, long enough for the clock.
shapes='stream --elements 16 --rounds 12
gups --table 16 --updates 512
chase --nodes 1 --hops 512
bfs --scale 13 --roots 32
pagerank --scale 13 --iterations 20
kvs --objects 1 --requests 64
embedding --rows 2 --queries 2
gemm --m 4 --n 4 --k 8
multigrid --base 4 --levels 4 --cycles 8
wcc --scale 14
louvain --scale 12
cnn --images 8 --side 1 --channels 4 --outputs 64
bfs --gpu --scale 13 --roots 32
pagerank --gpu --scale 13 --iterations 20
embedding --gpu --rows 2 --queries 2
gemm --gpu --m 4 --n 4 --k 8
multigrid --gpu --base 4 --levels 4 --cycles 8'

printf '%-34s %14s %12s %10s %8s %14s\n' run instructions accesses 'per access' 256ths 'per second'
echo "$shapes" | while read -r shape; do
    # shellcheck disable=SC2086 # the shape is several arguments
    "$build/kernels-captured" $shape --capture "$work/trace" --level 1 >"$work/captured"
    # shellcheck disable=SC2086
    valgrind --tool=callgrind --toggle-collect=kernel_work --callgrind-out-file="$work/callgrind" \
        "$build/kernels" $shape >"$work/native" 2>"$work/valgrind"
    # shellcheck disable=SC2086 # the fastest of some runs
    for _ in 1 2 3 4 5 6 7; do "$build/kernels" $shape --time >"$work/native"; done 2>"$work/times"
    accesses=$(sed -n 's/.* instructions, \([0-9]*\) accesses.*/\1/p' "$work/captured")
    instructions=$(sed -n 's/^\(summary\|totals\): *\([0-9]*\).*/\2/p' "$work/callgrind" | head -n 1)
    seconds=$(sed -n 's/.*run: \([0-9.]*\) s.*/\1/p' "$work/times" | sort -n | head -n 1)
    # In thread-block order the clock counts instructions of a warp, 32 scalar ones.
    case $shape in *--gpu*) instructions=$((instructions / 32)) ;; esac
    name=$(echo "$shape" | sed 's/ --[a-z]* [0-9][0-9]*//g')
    awk -v name="$name" -v i="$instructions" -v a="$accesses" -v s="$seconds" 'BEGIN {
        printf "%-34s %14d %12d %10.3f %8d %14.3g\n", name, i, a, i / a, i / a * 256 + 0.5, i / s }'
    rm -f "$work/trace"
done
