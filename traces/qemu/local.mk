# SPDX-License-Identifier: MIT
# Capturing unmodified programs: the recorder, the plug-in for QEMU's emulators that feeds it, and what a guest machine
# is made of.
noinst_LIBRARIES += libqemu.a
libqemu_a_SOURCES = \
    traces/qemu/channel.h \
    traces/qemu/cpio.c traces/qemu/cpio.h \
    traces/qemu/elf.c traces/qemu/elf.h \
    traces/qemu/guest-machine.c traces/qemu/guest-machine.h \
    traces/qemu/initramfs.c traces/qemu/initramfs.h \
    traces/qemu/kernel.c traces/qemu/kernel.h \
    traces/qemu/recorder.c traces/qemu/recorder.h \
    traces/qemu/regions.c traces/qemu/regions.h \
    traces/qemu/resolver.c traces/qemu/resolver.h \
    traces/qemu/where.c

# The plug-in lives in the emulator's process: no library of ours, no sanitizer, nothing exported but its entry.
qemuplugindir = $(pkglibdir)
qemuplugin_DATA = numasim-qemu.so
CLEANFILES += numasim-qemu.so
qemu_plugin_sources = traces/qemu/plugin.c traces/qemu/plugin-system.c traces/qemu/plugin-user.c
qemu_plugin_headers = traces/qemu/channel.h traces/qemu/interface.h traces/qemu/plugin.h traces/qemu/guest/marks.h
EXTRA_DIST += $(qemu_plugin_sources) $(qemu_plugin_headers) traces/qemu/guest/init.c
numasim-qemu.so: $(qemu_plugin_sources) $(qemu_plugin_headers)
	$(AM_V_CCLD)$(CC) -std=gnu17 -D_GNU_SOURCE $(NSIM_WARNINGS) $(CFLAGS) -fno-sanitize=all -fPIC -fvisibility=hidden -shared \
	    -o $@ $(qemu_plugin_sources:%=$(srcdir)/%) -pthread

# The guest's first program: alone in there, so linked statically. Where that cannot be, there is no --system.
if HAVE_GUEST
qemuplugin_DATA += numasim-init
CLEANFILES += numasim-init
endif
numasim-init: traces/qemu/guest/init.c traces/qemu/guest/marks.h
	$(AM_V_CCLD)$(CC) -std=gnu17 -D_GNU_SOURCE $(NSIM_WARNINGS) $(CFLAGS) -fno-sanitize=all -static \
	    -o $@ $(srcdir)/traces/qemu/guest/init.c
