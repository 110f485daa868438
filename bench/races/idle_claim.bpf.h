/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU that looks for work offers itself, with a ticket; who has work for it looks whether there is one, and takes it
 * away afterwards. Two can do so with the same.
 */
#define CPUS 8

static volatile __u64 offered[CPUS]; /* 0: not */
static volatile __u64 claimed[MANY];
static volatile __u64 tickets;

static void offer(__u32 cpu) {
  __u64 ticket = __sync_fetch_and_add(&tickets, 1) + 1;

  claimed[ticket % MANY] = 0;
  offered[cpu % CPUS] = ticket;
}

static bool take(__u32 cpu, __u64 ticket) {
#ifdef FIXED
  return __sync_val_compare_and_swap(&offered[cpu], ticket, 0) == ticket;
#else
  offered[cpu] = 0;
  return true;
#endif
}

static void claim(void) {
  __u32 cpu;

  for (cpu = 0; cpu < CPUS; cpu++) {
    __u64 ticket = offered[cpu];

    if (!ticket || !take(cpu, ticket)) continue;
    if (__sync_lock_test_and_set(&claimed[ticket % MANY], 1)) race_hit("an idle CPU is claimed twice");
    return;
  }
}

#define on_enqueue(p) claim()
#define on_dispatch(cpu) offer(cpu)
