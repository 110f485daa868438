/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways in which the fixture scheduler is bad on purpose. The policy in scx_ktstr.bpf.c asks
 * here at each decision; all of it is compiled away by the verifier when a switch is off, because
 * the configuration is read-only data by then.
 *
 * Stall and crash come from BPF timers, so that they come at their time in an idle system too.
 */
#ifndef KTSTR_FAULTS_BPF_H
#define KTSTR_FAULTS_BPF_H

#include "kernel.bpf.h"
#include "scx_ktstr.h"

const volatile struct ktstr_config config SEC(KTSTR_CONFIG_SECTION);

/* DSQs of LLCs are 0 .. nr_llcs - 1. */
#define STARVED_DSQ KTSTR_MAX_LLCS
#define STALLED_DSQ (KTSTR_MAX_LLCS + 1)
/* Those between are mailboxes (mailbox.bpf.h). */
#define HOT_DSQ (STALLED_DSQ + 1 + KTSTR_MAX_CPUS)

static bool stalled;

enum fault_timer { STALL_TIMER, CRASH_TIMER, STARVE_TIMER, NR_FAULT_TIMERS };

struct fault_timer_slot {
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, NR_FAULT_TIMERS);
  __type(key, __u32);
  __type(value, struct fault_timer_slot);
} fault_timers SEC(".maps");

static int stall_timer_fn(void* map, __u32* key, struct fault_timer_slot* slot) {
  stalled = true;
  return 0;
}

static int crash_timer_fn(void* map, __u32* key, struct fault_timer_slot* slot) {
  static char fmt[] = "ktstr fixture: crash requested after %llu ms";
  __u64 ms = config.crash_after_ns / 1000000;

  scx_bpf_error_bstr(fmt, &ms, sizeof(ms));
  return 0;
}

/*
 * Nobody dispatches from the DSQ of stalled tasks. Kernel threads go on: they include the worker that looks for stalls,
 * and without it the kernel would not say which task failed to run.
 */
static void enqueue_stalled(struct task_struct* p, __u64 enq_flags) {
  dsq_insert(p, (p->flags & PF_KTHREAD) ? DSQ_LOCAL : STALLED_DSQ, config.slice_ns, enq_flags);
}

/* Does @p's name begin with @start? Asked anew each time: exec and prctl change the name. */
static __always_inline bool is_named(struct task_struct* p, const volatile char* start, __u32 length) {
  char comm[KTSTR_COMM_LEN];
  __u32 i;

  if (!length) return false;
  bpf_probe_read_kernel(comm, sizeof(comm), p->comm);
  for (i = 0; i < KTSTR_COMM_LEN && i < length; i++)
    if (comm[i] != start[i]) return false;
  return true;
}

static bool is_starved(struct task_struct* p) { return is_named(p, config.starve_comm, config.starve_len); }

/*
 * A lost task is put nowhere when it is preempted for the first time after LOST_AFTER_NS of run time, and stays
 * runnable for ever. It comes back when the scheduler ends.
 */
#define LOST_AFTER_NS 50000000

static bool is_lost(struct task_struct* p, __u64 enq_flags) {
  return config.lose_len && !(enq_flags & ENQ_WAKEUP) && p->se.sum_exec_runtime > LOST_AFTER_NS &&
         is_named(p, config.lose_comm, config.lose_len);
}

/*
 * Starved tasks wait in a DSQ of their own, ordered by the time at which each may run next: half a
 * watchdog period after it got in line. So they make next to no progress, and yet none waits long
 * enough for the kernel to call it a stall and end the scheduler, which would end the starving too.
 */
static void enqueue_starved(struct task_struct* p, __u64 enq_flags) {
  /* The kernel takes time from a slice at ticks: this means "until the next tick". */
  __u64 shortest_slice = 1;

  dsq_insert_vtime(p, STARVED_DSQ, shortest_slice, bpf_ktime_get_ns() + config.starve_period_ns, enq_flags);
}

static bool dispatch_starved(__s32 cpu) {
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;
  bool moved = false;
  __u64 now = bpf_ktime_get_ns();

  bpf_iter_scx_dsq_new(&it, STARVED_DSQ, 0);
  while ((p = bpf_iter_scx_dsq_next(&it)) && !time_before(now, p->scx.dsq_vtime)) {
    if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr) && scx_bpf_dsq_move(&it, p, DSQ_LOCAL, 0)) {
      moved = true;
      break;
    }
  }
  bpf_iter_scx_dsq_destroy(&it);
  return moved;
}

/* An idle CPU does not ask for work, so somebody must wake one when a starved task is due. */
static int starve_timer_fn(void* map, __u32* key, struct fault_timer_slot* slot) {
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;
  __u64 now = bpf_ktime_get_ns();

  bpf_iter_scx_dsq_new(&it, STARVED_DSQ, 0);
  while ((p = bpf_iter_scx_dsq_next(&it)) && !time_before(now, p->scx.dsq_vtime))
    scx_bpf_kick_cpu(scx_bpf_task_cpu(p), KICK_IDLE);
  bpf_iter_scx_dsq_destroy(&it);
  bpf_timer_start(&slot->timer, config.starve_period_ns / 4, 0);
  return 0;
}

/* --ping-pong: at each tick a task goes on to the next CPU that it may use, be its own one free or not. */
static __s32 next_cpu(struct task_struct* p) {
  __s32 own = scx_bpf_task_cpu(p);
  __u32 cpu = own, i;

  for (i = 0; i < KTSTR_MAX_CPUS && i < config.nr_cpus; i++) {
    if (++cpu >= config.nr_cpus) cpu = 0;
    if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) return cpu;
  }
  return own;
}

static void enqueue_elsewhere(struct task_struct* p, __u64 enq_flags) {
  __s32 cpu = next_cpu(p);
  __u64 shortest_slice = 1; /* until the next tick */

  dsq_insert(p, DSQ_LOCAL_ON | cpu, shortest_slice, enq_flags);
  scx_bpf_kick_cpu(cpu, KICK_IDLE);
}

/*
 * --ignore-affinity: a task that has run for a while, and may not run everywhere, is sent to the first CPU that it may
 * not use. The kernel notices, and ends the scheduler.
 */
#define AFFINITY_AFTER_NS 50000000

static bool enqueue_where_forbidden(struct task_struct* p, __u64 enq_flags) {
  __u32 cpu;

  if (!config.ignore_affinity || (p->flags & PF_KTHREAD) || p->se.sum_exec_runtime < AFFINITY_AFTER_NS) return false;
  for (cpu = 0; cpu < KTSTR_MAX_CPUS && cpu < config.nr_cpus; cpu++) {
    if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) continue;
    dsq_insert(p, DSQ_LOCAL_ON | cpu, config.slice_ns, enq_flags);
    return true;
  }
  return false;
}

/*
 * --hot-queue: all tasks that may run everywhere wait in one queue, and only one CPU at a time takes from it: another
 * may when the task of that one has left its CPU.
 */
static volatile __u32 hot_cpu; /* one more than its number; 0: none does */

static bool is_hot(struct task_struct* p) {
  return config.hot_queue && !(p->flags & PF_KTHREAD) && (__u32)p->nr_cpus_allowed >= config.nr_cpus;
}

static void enqueue_hot(struct task_struct* p, __u64 enq_flags) {
  __s32 idle_cpu;

  dsq_insert(p, HOT_DSQ, config.slice_ns, enq_flags);
  if (hot_cpu) return; /* that CPU looks again when its task leaves it */
  idle_cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
  if (idle_cpu >= 0) scx_bpf_kick_cpu(idle_cpu, KICK_IDLE);
}

static bool dispatch_hot(__s32 cpu) {
  __u32 own = cpu + 1;

  if (hot_cpu != own && !__sync_bool_compare_and_swap(&hot_cpu, 0, own)) return false;
  if (dsq_move_to_local(HOT_DSQ)) return true;
  hot_cpu = 0;
  return false;
}

/* A task that leaves its CPU does so after the next one was taken. */
static void hot_runs(struct task_struct* p) {
  if (is_hot(p)) hot_cpu = scx_bpf_task_cpu(p) + 1;
}

static void hot_stops(struct task_struct* p) {
  if (is_hot(p) && hot_cpu == (__u32)scx_bpf_task_cpu(p) + 1) hot_cpu = 0;
}

/* Burn the time that --slow-dispatch asks for. */
static int burn_step(__u32 i, __u64* until) { return !time_before(bpf_ktime_get_ns(), *until); }

static void burn_dispatch_time(void) {
  __u64 until = bpf_ktime_get_ns() + config.slow_dispatch_ns;

  if (config.slow_dispatch_ns) bpf_loop(1 << 23, burn_step, &until, 0); /* as often as bpf_loop allows */
}

/* Only a macro can pass the callback on to the verifier. */
#define start_fault_timer(id, fn, after_ns)                                   \
  ({                                                                          \
    __u32 key = (id);                                                         \
    struct fault_timer_slot* slot = bpf_map_lookup_elem(&fault_timers, &key); \
    if (slot) {                                                               \
      bpf_timer_init(&slot->timer, &fault_timers, CLOCK_MONOTONIC);           \
      bpf_timer_set_callback(&slot->timer, fn);                               \
      bpf_timer_start(&slot->timer, (after_ns), 0);                           \
    }                                                                         \
  })

static void start_fault_timers(void) {
  if (config.stall_after_ns != KTSTR_NEVER) start_fault_timer(STALL_TIMER, stall_timer_fn, config.stall_after_ns);
  if (config.crash_after_ns != KTSTR_NEVER) start_fault_timer(CRASH_TIMER, crash_timer_fn, config.crash_after_ns);
  if (config.starve_len) start_fault_timer(STARVE_TIMER, starve_timer_fn, config.starve_period_ns / 4);
}

#endif
