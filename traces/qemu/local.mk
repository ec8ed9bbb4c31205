# SPDX-License-Identifier: MIT
# Capturing unmodified programs: the recorder, and the plug-in for QEMU's user-mode emulators that feeds it.
noinst_LIBRARIES += libqemu.a
libqemu_a_SOURCES = \
    traces/qemu/channel.h \
    traces/qemu/elf.c traces/qemu/elf.h \
    traces/qemu/recorder.c traces/qemu/recorder.h \
    traces/qemu/regions.c traces/qemu/regions.h \
    traces/qemu/resolver.c traces/qemu/resolver.h \
    traces/qemu/where.c

# The plug-in lives in the emulator's process: no library of ours, no sanitizer, nothing exported but its entry.
qemuplugindir = $(pkglibdir)
qemuplugin_DATA = numasim-qemu.so
CLEANFILES += numasim-qemu.so
EXTRA_DIST += traces/qemu/interface.h traces/qemu/plugin.c
numasim-qemu.so: $(srcdir)/traces/qemu/plugin.c $(srcdir)/traces/qemu/channel.h $(srcdir)/traces/qemu/interface.h
	$(AM_V_CCLD)$(CC) -std=gnu17 -D_GNU_SOURCE $(NSIM_WARNINGS) $(CFLAGS) -fno-sanitize=all -fPIC -fvisibility=hidden -shared \
	    -o $@ $(srcdir)/traces/qemu/plugin.c -pthread
