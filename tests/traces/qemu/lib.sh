# SPDX-License-Identifier: MIT
# What the capture's test scripts share: programs to be captured, and counts from the summary.
. "${srcdir:-.}/tests/cli/lib.sh"

command -v qemu-x86_64 >/dev/null || skip_all "qemu-x86_64 is not there (Debian package qemu-user)"
case $(uname -m) in
x86_64) ;;
*) skip_all "the programs to be captured are made for x86_64" ;;
esac
NUMASIM_QEMU_PLUGIN=${builddir:?}/numasim-qemu.so
export NUMASIM_QEMU_PLUGIN

# guest NAME FLAG...: compile the program to be captured.
guest() {
    name=$1
    shift
    # shellcheck disable=SC2086 # the compiler may have arguments
    ${CC:-cc} -O1 -pthread "$@" -o "$name" "$srcdir/tests/traces/qemu/guest.c"
}

# capture STATUS ARGUMENT...: into t.trace, with a cache of 64 KiB; the trace must be sound when the status is 0.
capture() {
    expected=$1
    shift
    rm -f t.trace
    run "$expected" trace capture -o t.trace --cache 64KiB "$@"
    if [ "$expected" -eq 0 ] || [ "$expected" -eq 130 ]; then
        check "  the trace is sound" "$NUMASIM" trace check t.trace >check.out
    else
        check "  there is no trace" test ! -e t.trace
    fi
    check "  no temporary file stays" test -z "$(find . -name '*.tmp')"
}

# Lines of the last capture.
count_read() {
    sed -n 's/.*lines: \([0-9]*\) read.*/\1/p' err
}
count_owned() {
    sed -n 's/.* \([0-9]*\) for ownership.*/\1/p' err
}
count_written() {
    sed -n 's/.* \([0-9]*\) written;.*/\1/p' err
}

# about NAME VALUE EXPECTED SLACK
about() {
    check "$1: $2 is $3, or up to $4 more" test "$2" -ge "$3" -a "$2" -le $(($3 + $4)) ||
        sed 's/^/# /' err
}
