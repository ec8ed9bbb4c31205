# SPDX-License-Identifier: MIT
bin_PROGRAMS += numasim
# All but main().
cli_sources = \
    cli/cli.h \
    cli/cmd-damo.c cli/cmd-explain.c cli/cmd-migrate.c cli/cmd-policies.c cli/cmd-run.c cli/cmd-topo.c cli/cmd-trace.c \
    cli/interrupt.c cli/log.c cli/migrate-plot.c cli/migrate.h cli/output.c cli/progress.c \
    cli/trace-capture-lackey.c cli/trace-capture-run.c cli/trace-capture-system.c \
    cli/trace-capture.c cli/trace-capture.h \
    cli/trace-export.c \
    cli/trace-fit.c cli/trace-fit.h \
    cli/trace-generate.c cli/trace-generate-spec.c cli/trace-generate-transformer.c cli/trace-generate-watch.c \
    cli/trace-generate.h \
    cli/trace-import.c \
    cli/trace-info.c \
    cli/trace-progress.c \
    cli/trace-summarise.c \
    cli/trace-tools.c \
    cli/usage.c
numasim_SOURCES = cli/main.c $(cli_sources)
cli_libraries = libexperiment.a libreport.a libpolicies.a libmm.a libmodels.a libimport.a libqemu.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS) $(HWLOC_LIBS)
numasim_LDADD = $(cli_libraries)
cli_cppflags = $(AM_CPPFLAGS) -DNSIM_PKGLIBDIR='"$(pkglibdir)"' -DNSIM_PKGDATADIR='"$(pkgdatadir)"'
numasim_CPPFLAGS = $(cli_cppflags)

# The template of plots, as a text in the program: it is found wherever that is.
cli/plot-migrate.h: plots/migrate.gp
	$(AM_V_GEN)$(MKDIR_P) cli && { echo '/* Made from plots/migrate.gp. */'; \
	    echo 'static const char plot_migrate[] ='; \
	    sed -e '/^#/d' -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n"/' $(srcdir)/plots/migrate.gp; echo '    ;'; } >$@.tmp && mv -f $@.tmp $@
BUILT_SOURCES += cli/plot-migrate.h
CLEANFILES += cli/plot-migrate.h
EXTRA_DIST += plots/migrate.gp
