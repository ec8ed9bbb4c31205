/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the plug-in share: plugin.c has what both kinds of emulators need, plugin-user.c what those of one
 * program do, plugin-system.c those of a whole machine.
 *
 * An access to a line that the thread told a little while ago is not told again, unless it is the first store to it:
 * it would be a hit in any cache worth simulating, and not telling it only lets the line look older by so many
 * accesses.
 */
#pragma once

#include "channel.h"
#include "interface.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NSIM_PLUGIN_LINE_SHIFT 6u
/* No single access is wider. */
#define NSIM_PLUGIN_ACCESS_BYTES_MAX 64u

typedef struct {
    uint64_t line_store; /* line << 1 | stored to */
    uint64_t at;         /* number of the record that told it */
} NsimRecent;

/* A processor of the emulator: of one program, a thread. */
typedef struct {
    uint64_t clock;       /* instructions while recording */
    uint64_t block_clock; /* the same when the present block began */
    uint64_t instructions;
    uint64_t next_count; /* of `instructions`, at which to look at all threads' sum */
    uint64_t told;       /* records */
    NsimChannelChunk *chunk;
    uint32_t thread, filled;
    bool accessed;
    bool waits;          /* a machine's processor that has nothing to do */
    bool maps_code;      /* in a system call that maps code */
    uint64_t maps_bytes; /* in one that maps so much anonymous memory */
    NsimRecent recent[NSIM_CHANNEL_RECENT];
} NsimVcpu;

/* Call-backs carry no context but a processor's number. NULL: nothing is to be done, as in a forked child. */
extern NsimChannel *nsim_plugin_channel;

/* The emulator numbers processors (threads) from 0 and uses numbers again. NULL: one without a number in the trace. */
#define NSIM_PLUGIN_VCPUS_MAX 32768u
extern NsimVcpu *nsim_plugin_vcpus[NSIM_PLUGIN_VCPUS_MAX];

void nsim_plugin_tell(NsimVcpu *vcpu, unsigned kind, uint64_t operand, uint64_t clock);
/* What a processor has told goes to the recorder. */
void nsim_plugin_hand_over(NsimVcpu *vcpu);
/* Make the processor's clock known. */
void nsim_plugin_tell_progress(const NsimVcpu *vcpu);
/* Let the recorder look at the emulator's memory map, and wait until it did. */
void nsim_plugin_ask_for_map(void);
/* Recording that ended does not begin again. */
void nsim_plugin_set_recording(bool on);
/* What was told is to be told again. */
void nsim_plugin_forget_recent(NsimVcpu *vcpu);
/* The processor has nothing to do. When it runs again its clock is that of the one that is furthest. */
void nsim_plugin_wait(NsimVcpu *vcpu);
/* Call-backs of blocks, which drive the clock. */
void nsim_plugin_watch_block(struct qemu_plugin_tb *block, size_t instructions);

/* plugin-user.c: call-backs, but those of plugin.c. False: cannot. */
bool nsim_plugin_begin_user(qemu_plugin_id_t id, const char *target);
/* plugin-system.c */
bool nsim_plugin_begin_system(qemu_plugin_id_t id, const char *target);

static inline NsimVcpu *
nsim_plugin_vcpu(unsigned number)
{
    return number < NSIM_PLUGIN_VCPUS_MAX ? nsim_plugin_vcpus[number] : NULL;
}

/* Where the line was or will be noted, when the access has to be told; NULL: it has not. */
static inline NsimRecent *
nsim_plugin_news(NsimVcpu *vcpu, uint64_t line, bool is_store)
{
    NsimRecent *recent = &vcpu->recent[line % NSIM_CHANNEL_RECENT];
    if ((recent->line_store | is_store) == recent->line_store && recent->line_store >> 1 == line &&
        vcpu->told - recent->at <= nsim_plugin_channel->window)
        return NULL;
    return recent;
}

/* The line was told just now. */
static inline void
nsim_plugin_note(NsimVcpu *vcpu, NsimRecent *recent, uint64_t line, bool is_store)
{
    const bool was_store = recent->line_store >> 1 == line && (recent->line_store & 1) != 0;
    recent->line_store = line << 1 | (is_store || was_store);
    recent->at = vcpu->told - 1;
}
