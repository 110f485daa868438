/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --lose-wakeup: a task that wakes up on a busy CPU is handed over to one that has nothing to run, through a mailbox: a
 * DSQ of that CPU's own, and a flag that says that something is in it, so that a CPU need not look into an empty DSQ.
 *
 * The bug: the reader finds the DSQ empty and clears the flag afterwards. What a writer puts there in between, it
 * clears too, and the kick that follows wakes a CPU that sees no flag. The task waits, whatever that CPU does, until
 * somebody hands over the next one. (To look without a flag would be right: a task is in the DSQ only after enqueue.)
 */
#ifndef KTSTR_MAILBOX_BPF_H
#define KTSTR_MAILBOX_BPF_H

#include "faults.bpf.h"

#define MAILBOX_DSQ(cpu) (STALLED_DSQ + 1 + (cpu))

struct mailbox {
  bool reader_is_free; /* its CPU runs no task, or is about to */
  bool has_mail;
};

static volatile struct mailbox mailboxes[KTSTR_MAX_CPUS];

static volatile struct mailbox* mailbox_of(__s32 cpu) { return &mailboxes[cpu & (KTSTR_MAX_CPUS - 1)]; }

static __s32 find_free_reader(const struct task_struct* p) {
  __u32 cpu;

  for (cpu = 0; cpu < KTSTR_MAX_CPUS && cpu < config.nr_cpus; cpu++)
    if (mailbox_of(cpu)->reader_is_free && bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) return cpu;
  return -1;
}

/* False where @p has nothing to gain: its own CPU is free, or none is. */
static bool hand_over(struct task_struct* p, __u64 enq_flags) {
  __s32 cpu;

  if (!config.lose_wakeup || (p->flags & PF_KTHREAD) || mailbox_of(scx_bpf_task_cpu(p))->reader_is_free) return false;
  cpu = find_free_reader(p);
  if (cpu < 0) return false;
  dsq_insert(p, MAILBOX_DSQ(cpu), config.slice_ns, enq_flags);
  mailbox_of(cpu)->has_mail = true;
  scx_bpf_kick_cpu(cpu, KICK_IDLE);
  return true;
}

static bool take_mail(__s32 cpu) {
  volatile struct mailbox* mailbox = mailbox_of(cpu);

  if (!mailbox->has_mail) return false;
  if (dsq_move_to_local(MAILBOX_DSQ(cpu))) return true; /* and there may be more */
  mailbox->has_mail = false;
  return false;
}

static __s32 create_mailboxes(void) {
  __u32 cpu;
  __s32 ret = 0;

  for (cpu = 0; config.lose_wakeup && !ret && cpu < KTSTR_MAX_CPUS && cpu < config.nr_cpus; cpu++)
    ret = scx_bpf_create_dsq(MAILBOX_DSQ(cpu), -1);
  return ret;
}

#endif
