# SPDX-License-Identifier: MIT
# What the scripts of this folder share, on top of tests/cli/lib.sh: building programs for capture with the library of
# the build tree, running them, and reading what numasim says of the traces.
. "${srcdir:?is the top of the sources}/tests/cli/lib.sh"
builddir=$(cd "${OLDPWD:-.}" && cd "$builddir" && pwd)
srcdir=$(cd "${OLDPWD:-.}" && cd "$srcdir" && pwd)
programs=$srcdir/tests/traces/runtime
unset NUMASIM_CAPTURE NUMASIM_CAPTURE_OPTIONS

test "${SANITIZERS:-no}" = no || skip_all "the sanitizers' libraries cannot be loaded into programs without them"
command -v pkg-config >/dev/null 2>&1 || skip_all "no pkg-config"
for compiler in gcc g++; do
    echo 'int main(void) { return 0; }' >try.c
    $compiler -fsanitize=thread --param=tsan-instrument-func-entry-exit=0 -c -o try.o try.c 2>/dev/null ||
        skip_all "no $compiler with -fsanitize=thread"
done
cp "$builddir/libnumasim-capture.so.0" libnumasim-capture.so.0 || exit 99
ln -s libnumasim-capture.so.0 libnumasim-capture.so
package() {
    pkg-config --define-variable=libdir="$work" --define-variable=pkglibdir="$builddir/traces/capture" \
        --define-variable=includedir="$srcdir/include" "$@" "$builddir/numasim-capture.pc"
}
capture_cflags=$(package --cflags) || exit 99
capture_libs="$(package --libs) -Wl,-rpath,$work"

# build PROGRAM SOURCE [OPTION...]: compile and link apart from each other, as makefiles do.
build() {
    program=$1 source=$programs/$2
    shift 2
    case $source in *.cc) compiler=g++ ;; *) compiler=gcc ;; esac
    # shellcheck disable=SC2086 # words on purpose
    if ! { $compiler -O2 -pthread $capture_cflags "$@" -c "$source" -o "$program.o" &&
        $compiler -o "$program" "$program.o" "$@" $capture_libs; } >build.log 2>&1; then
        cat build.log
        exit 99
    fi
}

# capture STATUS PROGRAM...: run it for out.trace, its output in out and err; one test, that the status is right.
capture() {
    expected=$1
    shift
    rm -f out.trace
    # In a shell of its own, which has something to say about signals.
    NUMASIM_CAPTURE=out.trace sh -c '"$@"' sh "$@" >out 2>err
    status=$?
    check "status $expected: $*" test "$status" -eq "$expected" || sed 's/^/# /' err
}

# valid: out.trace is one, and nothing else is left.
valid() {
    check "  a valid trace" "$NUMASIM" trace check out.trace >check.log 2>&1 || sed 's/^/# /' check.log
    "$NUMASIM" trace info --quick out.trace >info 2>&1
    no_rest
}

no_rest() {
    check "  no temporary file is left" sh -c '! ls ./*.tmp 2>/dev/null'
}

no_trace() {
    check "  no trace" test ! -e out.trace
    no_rest
}

quiet() {
    check "  nothing said" test ! -s err || sed 's/^/# /' err
}

# column THREAD NUMBER: of the table of threads: 2 records, 3 read, 4 written, 5 for ownership, 6 compute, 7 name.
column() {
    awk -v thread="$1" -v number="$2" '/^threads/ { on = 1 } /^regions/ { on = 0 }
        on && $1 == thread { print $number; exit }' info
}

# between NAME LEAST VALUE MOST
between() {
    check "  $1: $3 (from $2 to $4)" test "$3" -ge "$2" -a "$3" -le "$4"
}
