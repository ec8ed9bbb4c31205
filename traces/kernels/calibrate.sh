#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures the table in llama/cost.h: instructions of the native kernel by function (callgrind) over the accesses that
# a capture of the same run saw. Usage: calibrate.sh BUILD-DIR [SHAPE] (1b: about 4 minutes and 3 GiB).
set -eu
build=$1
shape=${2:-1b}
work=$build/calibrate
mkdir -p "$work"
run="--shape $shape --threads 1 --prompt 16 --tokens 2"

"$build/llama-captured" $run --capture "$work/trace" --level 1 >"$work/captured"
rm -f "$work/trace"
valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" "$build/llama" $run >"$work/native" 2>"$work/valgrind"
callgrind_annotate --inclusive=yes --threshold=100 "$work/callgrind" >"$work/functions"

awk '
    # Captured accesses of each kind of work.
    /^work:/ { accesses[$2] = $3; order[++kinds] = $2; next }
    # "12,345 (6.7%)  file:function [program]": inclusive instructions; clones of a function add up.
    /^ *[0-9,]+ \(.*\/llama\]$/ {
        count = $1
        gsub(/,/, "", count)
        name = $0
        sub(/ \[[^]]*\]$/, "", name)
        sub(/^.*:/, "", name)
        sub(/[^a-z_].*/, "", name)
        instructions[name] += count
    }
    END {
        function_of["norm"] = "norm_rows"
        function_of["product-one"] = "product_one"
        function_of["product-batch"] = "product_batch"
        function_of["rope"] = "rope_keys"
        function_of["attention"] = "attention"
        function_of["swiglu"] = "swiglu"
        function_of["pick"] = "pick_best"
        rest = instructions["work"]
        for (kind in function_of)
            rest -= instructions[function_of[kind]]
        printf "%-14s %16s %14s %10s %8s\n", "work", "instructions", "accesses", "per access", "256ths"
        for (i = 1; i <= kinds; i++) {
            kind = order[i]
            n = kind == "other" ? rest : instructions[function_of[kind]]
            ratio = accesses[kind] ? n / accesses[kind] : 0
            printf "%-14s %16.0f %14.0f %10.3f %8.0f\n", kind, n, accesses[kind], ratio, int(ratio * 256 + 0.5)
        }
    }' "$work/captured" "$work/functions"
