# SPDX-License-Identifier: MIT
# What the scripts of this folder share: a folder of their own that goes away, TAP lines, runs with a checked status.
# Environment, as make check gives it: NUMASIM (the program), srcdir and builddir (top of the trees).

: "${NUMASIM:?is the program to test}" "${srcdir:?is the top of the sources}" "${builddir:?is the top of the build}"
work=$(mktemp -d) || exit 99
trap 'cd /; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 99
unset NO_COLOR NUMASIM_DEBUG
LC_ALL=C
export LC_ALL
tests=0
failures=0

# check NAME COMMAND...: one test, passed when the command succeeds.
check() {
    name=$1
    shift
    tests=$((tests + 1))
    if "$@"; then
        echo "ok $tests - $name"
    else
        echo "not ok $tests - $name"
        failures=$((failures + 1))
        return 1
    fi
}

# run STATUS ARGUMENT...: the program, its output in the files out and err; one test, that the status is right.
run() {
    expected=$1
    shift
    "$NUMASIM" "$@" >out 2>err </dev/null
    status=$?
    if ! check "status $expected: numasim $*" test "$status" -eq "$expected"; then
        echo "# status $status, standard error:"
        sed 's/^/# /' err
    fi
}

# refused STATUS TEXT ARGUMENT...: the program fails with this status, says TEXT on standard error only.
refused() {
    expected=$1 text=$2
    shift 2
    run "$expected" "$@"
    check "  says: $text" grep -qF -- "$text" err || sed 's/^/# /' err
    check "  begins with its name" grep -q '^numasim: ' err
    check "  prints no result" test ! -s out
}

# has FILE TEXT
has() {
    check "$1 has: $2" grep -qF -- "$2" "$1"
}

# same FILE FILE: to the byte.
same() {
    check "$1 and $2 are the same" cmp -s "$1" "$2"
}

# A machine of one CPU with a near and a far node, and a config that compares three policies on t.trace.
make_experiment() {
    cat >machine.yaml <<'END'
machine:
  name: small
  nodes:
    - {id: NEAR, kind: dram, capacity: 8MiB, latency: 100ns, read: 20GB/s, write: 20GB/s, at: CPU}
    - {id: FAR, kind: cxl, capacity: 64MiB, latency: 250ns, read: 10GB/s, write: 10GB/s, at: CPU}
  accessors:
    - {id: CPU, cores: 4, clock: 2GHz, ipc: 2.0, window: {random: 10, stream: 20}, fault: {minor: 700ns, hint: 1us}}
END
    cat >config.yaml <<'END'
machine: machine.yaml
workloads:
  - {name: zipf, trace: t.trace, threads: CPU, initial: {by: CPU}}
policies:
  - first-touch
  - interleave
  - {name: interleave, label: "far \"only\", really", nodes: FAR}
END
    "$NUMASIM" trace generate -o t.trace --pattern zipf --threads 2 --footprint 16MiB --records 20k --writes 20% \
        --shared || exit 99
}

skip_all() {
    echo "1..0 # SKIP $*"
    exit 77
}

finish() {
    echo "1..$tests"
    test "$failures" -eq 0
    exit
}
