# SPDX-License-Identifier: MIT
# Benchmarks: never part of the tests. `make bench` builds and runs them; traces go to BENCH_DIR.
bench_programs = bench/bench-decode bench/bench-event-queue bench/bench-import bench/bench-replay
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)
BENCH_DIR = /tmp

bench_bench_decode_SOURCES = bench/bench-decode.c
bench_bench_decode_LDADD = libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS)

bench_bench_event_queue_SOURCES = bench/bench-event-queue.c
bench_bench_event_queue_LDADD = libsim.a $(GLIB_LIBS)

bench_bench_import_SOURCES = bench/bench-import.c
bench_bench_import_LDADD = libimport.a libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS)

bench_bench_replay_SOURCES = bench/bench-replay.c
bench_bench_replay_LDADD = libjudge.a libexperiment.a libmm.a libmodels.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(ZSTD_LIBS) $(HWLOC_LIBS)

bench: $(bench_programs)
	bench/bench-event-queue$(EXEEXT)
	bench/bench-decode$(EXEEXT) 20000000 $(BENCH_DIR)
	bench/bench-import$(EXEEXT) 20000000 $(BENCH_DIR)
	bench/bench-replay$(EXEEXT) --directory $(BENCH_DIR)
.PHONY: bench
