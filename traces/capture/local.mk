# SPDX-License-Identifier: MIT
# libnumasim-capture: what captured programs are linked to. The shared form is an automake program with the name of a
# library, so that the tree needs no libtool. Only call-outs, wrappers and nsim_capture_* are seen outside of it.
capture_library_sources = \
    traces/capture/automatic.c traces/capture/automatic.h \
    traces/capture/callouts.c \
    traces/capture/capture.h \
    traces/capture/coalescer.c traces/capture/coalescer.h \
    traces/capture/drain.c \
    traces/capture/filter.c traces/capture/filter.h \
    traces/capture/front.c \
    traces/capture/maps.c traces/capture/maps.h \
    traces/capture/runtime.c traces/capture/runtime.h \
    traces/capture/settings.c traces/capture/settings.h \
    traces/capture/signals.c \
    traces/capture/wrap.c
capture_trace_sources = \
    traces/cursor.c traces/decode.c traces/encode.c traces/output.c traces/parse.c traces/trace.c traces/writer.c \
    traces/xxh64.c
capture_library_cflags = $(AM_CFLAGS) $(ZSTD_CFLAGS) -pthread -fPIC -fvisibility=hidden -ftls-model=initial-exec

pkginclude_HEADERS += include/numasim/capture.h
pkgconfig_DATA += numasim-capture.pc
capturedir = $(libdir)/numasim
nodist_capture_DATA = traces/capture/capture.specs

# The static form is one object, from which nothing else is seen, and whose own calls are not wrapped where it is linked.
noinst_LIBRARIES += traces/capture/libplain.a
traces_capture_libplain_a_SOURCES = $(capture_library_sources) $(capture_trace_sources)
traces_capture_libplain_a_CFLAGS = $(capture_library_cflags)
nodist_captureexec_DATA = libnumasim-capture.a
libnumasim-capture.a: traces/capture/libplain.a
	$(AM_V_AR)rm -f $@ && \
	for name in $(CAPTURE_WRAPPED); do echo "$$name __real_$$name"; done >traces/capture/real.syms && \
	$(CC) -r -nostdlib -o traces/capture/whole.o -Wl,--whole-archive traces/capture/libplain.a && \
	$(OBJCOPY) --redefine-syms=traces/capture/real.syms --localize-hidden traces/capture/whole.o && \
	$(AR) cr $@ traces/capture/whole.o
CLEANFILES += libnumasim-capture.a traces/capture/real.syms traces/capture/whole.o

captureexecdir = $(libdir)
captureexec_PROGRAMS = libnumasim-capture.so.0
libnumasim_capture_so_0_SOURCES = $(capture_library_sources) $(capture_trace_sources)
libnumasim_capture_so_0_CFLAGS = $(capture_library_cflags)
libnumasim_capture_so_0_LDFLAGS = $(AM_LDFLAGS) -shared -Wl,-soname,libnumasim-capture.so.0 -Wl,-z,nodelete \
    -Wl,-z,defs -Wl,-Bsymbolic-functions
libnumasim_capture_so_0_LDADD = $(GLIB_LIBS) $(ZSTD_LIBS) -lm

install-exec-hook:
	cd '$(DESTDIR)$(libdir)' && rm -f libnumasim-capture.so && $(LN_S) libnumasim-capture.so.0 libnumasim-capture.so
uninstall-hook:
	rm -f '$(DESTDIR)$(libdir)/libnumasim-capture.so'
