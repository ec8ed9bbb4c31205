# SPDX-License-Identifier: MIT
# Fuzz targets: see tests/fuzz/README.md. With our own driver they are ordinary tests.
fuzz_programs = \
    tests/fuzz/fuzz-config \
    tests/fuzz/fuzz-damo \
    tests/fuzz/fuzz-elf \
    tests/fuzz/fuzz-import \
    tests/fuzz/fuzz-migrate \
    tests/fuzz/fuzz-policy \
    tests/fuzz/fuzz-rate \
    tests/fuzz/fuzz-spec \
    tests/fuzz/fuzz-trace \
    tests/fuzz/fuzz-trace-binary \
    tests/fuzz/fuzz-trace-text \
    tests/fuzz/fuzz-yaml
check_PROGRAMS += $(fuzz_programs)
TESTS += $(fuzz_programs)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/driver.c
tests_fuzz_fuzz_config_LDADD = libexperiment.a libreport.a libpolicies.a libmm.a libmodels.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(ZSTD_LIBS) $(HWLOC_LIBS)

tests_fuzz_fuzz_damo_SOURCES = tests/fuzz/fuzz-damo.c tests/fuzz/driver.c
tests_fuzz_fuzz_damo_LDADD = libexperiment.a libreport.a libpolicies.a libmm.a libmodels.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(ZSTD_LIBS) $(HWLOC_LIBS)

tests_fuzz_fuzz_elf_SOURCES = tests/fuzz/fuzz-elf.c tests/fuzz/driver.c
tests_fuzz_fuzz_elf_LDADD = libqemu.a libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS)

tests_fuzz_fuzz_import_SOURCES = tests/fuzz/fuzz-import.c tests/fuzz/driver.c
tests_fuzz_fuzz_import_LDADD = libmodels.a libsim.a $(GLIB_LIBS) $(YAML_LIBS) $(HWLOC_LIBS)

tests_fuzz_fuzz_migrate_SOURCES = tests/fuzz/fuzz-migrate.c tests/fuzz/driver.c
tests_fuzz_fuzz_migrate_LDADD = libexperiment.a libreport.a libpolicies.a libmm.a libmodels.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(ZSTD_LIBS) $(HWLOC_LIBS)

tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz-policy.c tests/fuzz/driver.c
tests_fuzz_fuzz_policy_LDADD = libexperiment.a libreport.a libpolicies.a libmm.a libmodels.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(ZSTD_LIBS) $(HWLOC_LIBS)

tests_fuzz_fuzz_rate_SOURCES = tests/fuzz/fuzz-rate.c tests/fuzz/driver.c
tests_fuzz_fuzz_rate_LDADD = libimport.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(JANSSON_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS)

tests_fuzz_fuzz_spec_SOURCES = tests/fuzz/fuzz-spec.c tests/fuzz/driver.c $(cli_sources)
tests_fuzz_fuzz_spec_CPPFLAGS = $(cli_cppflags)
tests_fuzz_fuzz_spec_LDADD = $(cli_libraries)

tests_fuzz_fuzz_trace_SOURCES = tests/fuzz/fuzz-trace.c tests/fuzz/driver.c
tests_fuzz_fuzz_trace_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS)
tests_fuzz_fuzz_trace_LDADD = libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS)

tests_fuzz_fuzz_trace_binary_SOURCES = tests/fuzz/fuzz-trace-binary.c tests/fuzz/driver.c
tests_fuzz_fuzz_trace_binary_LDADD = libimport.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS)

tests_fuzz_fuzz_trace_text_SOURCES = tests/fuzz/fuzz-trace-text.c tests/fuzz/driver.c
tests_fuzz_fuzz_trace_text_LDADD = libimport.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS)

tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz-yaml.c tests/fuzz/driver.c
tests_fuzz_fuzz_yaml_LDADD = libmodels.a libsim.a $(GLIB_LIBS) $(YAML_LIBS) $(HWLOC_LIBS)

EXTRA_DIST += \
    tests/fuzz/README.md \
    tests/fuzz/config.dict \
    tests/fuzz/damo.dict \
    tests/fuzz/rate.dict \
    tests/fuzz/trace-binary.dict \
    tests/fuzz/corpus \
    tests/fuzz/trace-text.dict \
    tests/fuzz/run

# What `make fuzz` builds: name, colon, the sources it needs beside its own.
fuzz_experiment_sources = \
    $(libexperiment_a_SOURCES) $(libreport_a_SOURCES) $(libpolicies_a_SOURCES) $(libmm_a_SOURCES) \
    $(libmodels_a_SOURCES) $(libtraces_a_SOURCES) $(libsim_a_SOURCES)
fuzz_targets = \
    config: $(fuzz_experiment_sources) -- \
    damo: $(fuzz_experiment_sources) -- \
    elf: $(libqemu_a_SOURCES) $(libtraces_a_SOURCES) $(libsim_a_SOURCES) -- \
    import: $(libmodels_a_SOURCES) $(libsim_a_SOURCES) -- \
    migrate: $(fuzz_experiment_sources) -- \
    policy: $(fuzz_experiment_sources) -- \
    rate: $(libimport_a_SOURCES) $(libtraces_a_SOURCES) $(libsim_a_SOURCES) -- \
    spec: $(cli_sources) $(fuzz_experiment_sources) $(libimport_a_SOURCES) $(libqemu_a_SOURCES) -- \
    trace: $(libtraces_a_SOURCES) $(libsim_a_SOURCES) -- \
    trace-binary: $(libimport_a_SOURCES) $(libtraces_a_SOURCES) $(libsim_a_SOURCES) -- \
    trace-text: $(libimport_a_SOURCES) $(libtraces_a_SOURCES) $(libsim_a_SOURCES) -- \
    yaml: $(libmodels_a_SOURCES) $(libsim_a_SOURCES) --
# Seconds for each target.
TIME = 120
FUZZ_ONLY =

fuzz: config.h cli/plot-migrate.h
	@CLANG='$(CLANG)' CC='$(CC)' SOURCEDIR='$(abs_top_srcdir)' TIME='$(TIME)' FUZZ_ONLY='$(FUZZ_ONLY)' \
	FUZZ_CPPFLAGS='$(DEFS) -DNSIM_BUILTIN -DNSIM_PKGLIBDIR=\"$(pkglibdir)\" -DNSIM_PKGDATADIR=\"$(pkgdatadir)\" -I. $(AM_CPPFLAGS) $(CPPFLAGS)' \
	FUZZ_CFLAGS='$(NSIM_CFLAGS) $(GLIB_CFLAGS) $(YAML_CFLAGS) $(JANSSON_CFLAGS) $(ZSTD_CFLAGS) $(LZMA_CFLAGS) \
	$(SQLITE_CFLAGS) $(HWLOC_CFLAGS)' \
	FUZZ_LIBS='$(GLIB_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS) $(HWLOC_LIBS) -lm' \
	$(SHELL) $(srcdir)/tests/fuzz/run $(fuzz_targets)
.PHONY: fuzz
