#!/bin/sh
# SPDX-License-Identifier: MIT
# What capturing costs, and how many instructions an access stands for: the tables of docs/capture.md. Not a test.
#
#   NUMASIM=BUILD/numasim srcdir=SOURCE builddir=BUILD sh tests/traces/runtime/measure.sh
#
# Seconds are of processors, the program's and the writing process's together, and the least of three runs: of the
# program as it is, of the one built for capture without NUMASIM_CAPTURE, and captured. Instructions are those that
# valgrind's callgrind counts in the program as it is.
. "${srcdir:?is the top of the sources}/tests/traces/runtime/lib.sh"
gcc -O2 -pthread -o native "$programs/work.c" || exit 99
build captured work.c

# seconds TIMES COMMAND...: of one of so many runs at once, for the clock of processes is coarse.
seconds() {
    many=$1
    shift
    for run in 1 2 3; do
        (
            for one in $(seq "$many"); do "$@" >/dev/null || echo "run $one failed" >&2; done
            times
        ) | awk -v run=$run -v many="$many" \
            'NR == 2 { split($0, t, /[ms ]+/); print (t[1] * 60 + t[2] + t[3] * 60 + t[4]) / many, run }'
    done | sort -n | awk 'NR == 1 { printf "%.3f", $1 }'
}

echo "kind threads native_s empty_s captured_s empty_to_native captured_to_native accesses/s"
for threads in 1 2; do
    for kind in stream table sort matrix chase grid; do
        native=$(seconds 10 ./native $kind $threads)
        empty=$(seconds 3 ./captured $kind $threads)
        full=$(NUMASIM_CAPTURE=out.trace seconds 1 ./captured $kind $threads)
        NUMASIM_CAPTURE=out.trace NUMASIM_CAPTURE_OPTIONS=instructions-per-access=1 ./captured $kind $threads >/dev/null
        "$NUMASIM" trace info --quick out.trace >info
        accesses=$(awk '/^threads/ { on = 1 } /^regions/ { on = 0 } on && $1 ~ /^[0-9]+$/ { n += $6 } END { print n }' info)
        echo "$kind $threads $native $empty $full" \
            "$(echo "$empty $native" | awk '{ printf "%.1f", $1 / $2 }')" \
            "$(echo "$full $native" | awk '{ printf "%.0f", $1 / $2 }')" \
            "$(echo "$accesses $full" | awk '{ printf "%.0fM", $1 / $2 / 1e6 }')"
    done
done
command -v valgrind >/dev/null || exit 0
echo
echo "kind instructions accesses instructions_an_access"
for kind in stream table sort matrix chase grid; do
    instructions=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null ./native $kind 2>&1 |
        awk '/Collected/ { print $NF }')
    NUMASIM_CAPTURE=out.trace NUMASIM_CAPTURE_OPTIONS=instructions-per-access=1 ./captured $kind >/dev/null
    "$NUMASIM" trace info --quick out.trace >info
    accesses=$(column 0 6)
    echo "$kind $instructions $accesses $(echo "$instructions $accesses" | awk '{ printf "%.2f", $1 / $2 }')"
done
