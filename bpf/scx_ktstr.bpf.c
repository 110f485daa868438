// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ktstr: the harness's own sched_ext scheduler. Weighted virtual time with one queue (DSQ) per
 * last-level cache.
 *
 * A task's virtual time advances by the CPU time that it gets, divided by its weight: that of its nice value, and of
 * the cgroups in which it is (weights.bpf.h). A CPU runs the task with the least virtual time among the one that it
 * runs already, those in its LLC's queue, and those in one other LLC's queue, each LLC in its turn; the latter count as
 * a slice later, so that a task changes caches only when the shares would become unequal otherwise. With none of these
 * a CPU takes from any LLC. Every CPU may look into every queue and passes over tasks that may not run there, so a task
 * is found wherever it queues, and affinity, cpusets and hotplug need no bookkeeping.
 *
 * Virtual times of CPUs drift apart while affinity keeps their loads unequal. So each CPU has a clock, the highest
 * virtual time at which a task started there, and tasks are kept near it: one that starts far behind (it slept, or
 * comes from a crowded CPU) is moved up, one that queues far ahead is moved down. And a clock does not stay further
 * behind a waiting task that might run there than MAX_LAG_SLICES: what drifted apart comes together when affinity no
 * longer separates it.
 *
 * How it can be made to misbehave: faults.bpf.h, mailbox.bpf.h.
 */
#include "faults.bpf.h"
#include "mailbox.bpf.h"
#include "sched_ext_ops.h"
#include "weights.bpf.h"

char _license[] SEC("license") = "GPL";

struct ktstr_exit exit_record SEC(KTSTR_EXIT_SECTION);

/* Wakes the loader when the scheduler has ended. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} exit_events SEC(".maps");

struct task_ctx {
  __u64 charged_runtime; /* se.sum_exec_runtime up to which virtual time was charged */
  __u64 cgroup;          /* id; 0: the root */
  /* As long as it is runnable: the cgroup whose load has its weight, and how much that was. */
  __u64 counted_in;
  __s64 counted;
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct task_ctx);
} task_ctxs SEC(".maps");

#define MAX_LAG_SLICES 20

struct cpu_state {
  __u64 clock;
  __u32 next_llc; /* the other LLC to look at next */
  bool offline;
};

/* A CPU's state is written on that CPU with its runqueue locked, but read from anywhere. */
static struct cpu_state cpu_states[KTSTR_MAX_CPUS];

/* The masks never change a CPU number (the loader has checked), they convince the verifier. */
static struct cpu_state* state_of(__s32 cpu) { return &cpu_states[cpu & (KTSTR_MAX_CPUS - 1)]; }

static __u32 llc_of(__s32 cpu) { return config.llc_of_cpu[cpu & (KTSTR_MAX_CPUS - 1)]; }

static __u32 weight_of(const struct task_struct* p) { return config.ignore_nice ? 100 : p->scx.weight; }

/* A weight of 100 is that of nice 0, and of a cgroup's default cpu.weight. */
static __u64 to_virtual(struct task_struct* p, __u64 time_ns) {
  struct task_ctx* tctx = bpf_task_storage_get(&task_ctxs, p, 0, 0);
  __u64 virtual = config.invert_nice ? time_ns * p->scx.weight / 100 : time_ns * 100 / weight_of(p);

  return tctx ? virtual_in_cgroup(tctx->cgroup, virtual) : virtual;
}

static void advance_clock(struct cpu_state* state, __u64 vtime) {
  if (time_before(state->clock, vtime)) state->clock = vtime;
}

static void start_at_clock(struct task_struct* p, struct cpu_state* state) {
  __u64 earliest = state->clock - to_virtual(p, config.slice_ns);

  if (time_before(p->scx.dsq_vtime, earliest)) p->scx.dsq_vtime = earliest;
  advance_clock(state, p->scx.dsq_vtime);
}

/* A slice ends at the first tick after it is used up, so one run can take a slice and a tick (10 ms
 * with HZ=100). */
static __u64 queue_near_clock(struct task_struct* p, const struct cpu_state* state) {
  __u64 latest = state->clock + to_virtual(p, 2 * (config.slice_ns + 10000000));

  return time_before(latest, p->scx.dsq_vtime) ? latest : p->scx.dsq_vtime;
}

/* Charge what @p ran since it was last charged. */
static void charge(struct task_struct* p) {
  struct task_ctx* tctx = bpf_task_storage_get(&task_ctxs, p, 0, 0);
  __u64 runtime = p->se.sum_exec_runtime;

  if (!tctx) return;
  p->scx.dsq_vtime += to_virtual(p, runtime - tctx->charged_runtime);
  tctx->charged_runtime = runtime;
}

SEC("struct_ops/ktstr_select_cpu")
__s32 BPF_PROG(ktstr_select_cpu, struct task_struct* p, __s32 prev_cpu, __u64 wake_flags) {
  bool is_idle = false;
  __s32 cpu;

  if (stalled || is_starved(p) || config.lose_wakeup || config.ping_pong || config.idle_cpu < KTSTR_MAX_CPUS ||
      config.ignore_affinity || is_hot(p))
    return prev_cpu;
  /* The kernel's choice: an idle @prev_cpu, a whole idle core in its LLC, an idle CPU there, any
   * that is idle. */
  cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
  /* A CPU is idle when nobody waits who could run there, so @p overtakes nobody. A real-time task that wakes up at the
   * same time may take the CPU all the same, and an idle one is not released: ktstr_cpu_release is not called. */
  if (is_idle) dsq_insert(p, DSQ_LOCAL, config.slice_ns, ENQ_IMMED);
  return cpu;
}

static void enqueue_by_vtime(struct task_struct* p, __u64 enq_flags) {
  __s32 cpu = scx_bpf_task_cpu(p);
  __u64 vtime = queue_near_clock(p, state_of(cpu));
  __s32 idle_cpu;

  /* A kernel thread that wakes up has little to do, and others wait for it; one of them feeds the watchdog that would
   * end us. It comes first, and is near the clock again as soon as it runs. */
  if ((p->flags & PF_KTHREAD) && (enq_flags & ENQ_WAKEUP)) vtime = 0;
  dsq_insert_vtime(p, llc_of(cpu), config.slice_ns, vtime, enq_flags);
  idle_cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
  if (idle_cpu >= 0) scx_bpf_kick_cpu(idle_cpu, KICK_IDLE);
}

SEC("struct_ops/ktstr_enqueue")
void BPF_PROG(ktstr_enqueue, struct task_struct* p, __u64 enq_flags) {
  /* A CPU's own kernel threads run briefly and others wait for them. Pinned user tasks take their turn. */
  bool percpu_kthread = p->nr_cpus_allowed == 1 && (p->flags & PF_KTHREAD);

  /* An offline CPU does not dispatch: what it is to get rid of must be in its local DSQ. */
  if (state_of(scx_bpf_task_cpu(p))->offline)
    dsq_insert(p, DSQ_LOCAL, config.slice_ns, enq_flags);
  else if (stalled)
    enqueue_stalled(p, enq_flags);
  else if (is_starved(p))
    enqueue_starved(p, enq_flags);
  else if (percpu_kthread)
    dsq_insert(p, DSQ_LOCAL, config.slice_ns, enq_flags);
  else if (is_lost(p, enq_flags))
    return;
  else if (config.ping_pong && !(p->flags & PF_KTHREAD))
    enqueue_elsewhere(p, enq_flags);
  else if (is_hot(p))
    enqueue_hot(p, enq_flags);
  else if (enqueue_where_forbidden(p, enq_flags))
    return;
  else if (!hand_over(p, enq_flags))
    enqueue_by_vtime(p, enq_flags);
}

/*
 * Find the virtual time of the first task in @llc's queue that may run on @cpu. How far this CPU's clock may stay
 * behind is measured in slices of that task: one of low weight is rightly that much further ahead.
 */
static bool find_first(__u32 llc, __s32 cpu, __u64* vtime) {
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;
  __u64 max_lag = 0;
  bool found = false;

  bpf_iter_scx_dsq_new(&it, llc, 0);
  while (!found && (p = bpf_iter_scx_dsq_next(&it))) {
    *vtime = p->scx.dsq_vtime;
    found = bpf_cpumask_test_cpu(cpu, p->cpus_ptr);
    if (found) max_lag = to_virtual(p, MAX_LAG_SLICES * config.slice_ns);
  }
  bpf_iter_scx_dsq_destroy(&it);
  if (found) advance_clock(state_of(cpu), *vtime - max_lag);
  return found;
}

static __u32 next_other_llc(struct cpu_state* state, __u32 own) {
  __u32 llc = state->next_llc + 1;

  if (llc == own) llc++;
  if (llc >= config.nr_llcs) llc = own ? 0 : 1;
  return state->next_llc = llc;
}

static bool pull_from_any_llc(void) {
  __u32 llc;

  for (llc = 0; llc < KTSTR_MAX_LLCS && llc < config.nr_llcs; llc++)
    if (dsq_move_to_local(llc)) return true;
  return false;
}

static void dispatch_least_vtime(__s32 cpu, struct task_struct* prev) {
  struct cpu_state* state = state_of(cpu);
  __u32 llc = llc_of(cpu);
  bool prev_competes = prev && (prev->scx.flags & TASK_QUEUED) && !is_starved(prev);
  bool home_leads;
  __u64 least = 0, vtime;

  if (prev_competes) {
    charge(prev);
    least = prev->scx.dsq_vtime;
  }
  home_leads = find_first(llc, cpu, &vtime) && (!prev_competes || time_before(vtime, least));
  if (home_leads) least = vtime;
  if (config.nr_llcs > 1 && (prev_competes || home_leads)) {
    __u32 other = next_other_llc(state, llc);

    if (find_first(other, cpu, &vtime) && time_before(vtime + config.slice_ns, least) && dsq_move_to_local(other))
      return;
  }
  if (home_leads && dsq_move_to_local(llc)) return;
  if (prev_competes) {
    start_at_clock(prev, state);
    prev->scx.slice = config.slice_ns; /* tells the kernel to keep it running */
    return;
  }
  if (pull_from_any_llc()) return;
  /* A task is there for us and cannot be moved yet: it is just leaving its CPU, which a real-time task takes, and while
   * ktstr_cpu_release runs there it may not migrate. Nobody else would send us here again. */
  if (home_leads) scx_bpf_kick_cpu(cpu, 0);
}

SEC("struct_ops/ktstr_dispatch")
void BPF_PROG(ktstr_dispatch, __s32 cpu, struct task_struct* prev) {
  if (stalled || (__u32)cpu == config.idle_cpu) return;
  burn_dispatch_time();
  if (config.lose_wakeup) {
    mailbox_of(cpu)->reader_is_free = !prev || !(prev->scx.flags & TASK_QUEUED);
    if (take_mail(cpu)) return;
  }
  if (config.starve_len && dispatch_starved(cpu)) return;
  if (config.ping_pong) {
    pull_from_any_llc();
    return;
  }
  if (config.hot_queue && dispatch_hot(cpu)) return;
  dispatch_least_vtime(cpu, prev);
}

/* --fail-verify puts this in the place of ktstr_dispatch: the verifier refuses the unchecked pointer. */
SEC("?struct_ops/ktstr_dispatch_unverifiable")
void BPF_PROG(ktstr_dispatch_unverifiable, __s32 cpu, struct task_struct* prev) {
  struct task_ctx* tctx;

  if (!prev) return;
  tctx = bpf_task_storage_get(&task_ctxs, prev, 0, 0);
  tctx->charged_runtime = 0;
}

SEC("struct_ops/ktstr_running")
void BPF_PROG(ktstr_running, struct task_struct* p) {
  struct task_ctx* tctx = bpf_task_storage_get(&task_ctxs, p, 0, 0);

  if (tctx) tctx->charged_runtime = p->se.sum_exec_runtime;
  if (config.lose_wakeup) mailbox_of(scx_bpf_task_cpu(p))->reader_is_free = false;
  hot_runs(p);
  /* The virtual time of a starved task is a date in real time (enqueue_starved). */
  if (!is_starved(p)) start_at_clock(p, state_of(scx_bpf_task_cpu(p)));
}

SEC("struct_ops/ktstr_stopping")
void BPF_PROG(ktstr_stopping, struct task_struct* p, bool runnable) {
  charge(p);
  hot_stops(p);
}

/* From when @p wants a CPU until it no longer does its weight counts in its cgroup. A change of weight comes between.
 */
SEC("struct_ops/ktstr_runnable")
void BPF_PROG(ktstr_runnable, struct task_struct* p, __u64 enq_flags) {
  struct task_ctx* tctx = bpf_task_storage_get(&task_ctxs, p, 0, 0);

  if (!tctx || tctx->counted) return;
  tctx->counted_in = tctx->cgroup;
  tctx->counted = weight_of(p);
  change_load(tctx->counted_in, tctx->counted);
}

SEC("struct_ops/ktstr_quiescent")
void BPF_PROG(ktstr_quiescent, struct task_struct* p, __u64 deq_flags) {
  struct task_ctx* tctx = bpf_task_storage_get(&task_ctxs, p, 0, 0);

  if (!tctx) return;
  change_load(tctx->counted_in, -tctx->counted);
  tctx->counted = 0;
}

/* The kernel has taken @p off its runqueue for this. */
SEC("struct_ops/ktstr_cgroup_move")
void BPF_PROG(ktstr_cgroup_move, struct task_struct* p, struct cgroup* from, struct cgroup* to) {
  struct task_ctx* tctx = bpf_task_storage_get(&task_ctxs, p, 0, 0);

  if (tctx) tctx->cgroup = cgroup_id(to);
}

SEC("struct_ops.s/ktstr_init_task")
__s32 BPF_PROG(ktstr_init_task, struct task_struct* p, struct scx_init_task_args* args) {
  struct task_ctx* tctx = bpf_task_storage_get(&task_ctxs, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

  if (!tctx) return -ENOMEM;
  if (!config.ignore_weights && bpf_core_field_exists(args->cgroup)) tctx->cgroup = cgroup_id(args->cgroup);
  return 0;
}

SEC("struct_ops/ktstr_enable")
void BPF_PROG(ktstr_enable, struct task_struct* p) { p->scx.dsq_vtime = state_of(scx_bpf_task_cpu(p))->clock; }

/*
 * Without these two the kernel would end the scheduler when a CPU comes or goes. Tasks that wait for a CPU that goes,
 * and may run nowhere else, keep the kernel waiting for them until they run there and are pushed away.
 */
static void empty_for_offline(__s32 cpu, __u64 dsq_id) {
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;

  bpf_iter_scx_dsq_new(&it, dsq_id, 0);
  while ((p = bpf_iter_scx_dsq_next(&it)))
    if (scx_bpf_task_cpu(p) == cpu) scx_bpf_dsq_move(&it, p, DSQ_LOCAL_ON | cpu, 0);
  bpf_iter_scx_dsq_destroy(&it);
}

SEC("struct_ops/ktstr_cpu_offline")
void BPF_PROG(ktstr_cpu_offline, __s32 cpu) {
  state_of(cpu)->offline = true;
  empty_for_offline(cpu, llc_of(cpu));
  empty_for_offline(cpu, STARVED_DSQ);
  if (config.lose_wakeup) empty_for_offline(cpu, MAILBOX_DSQ(cpu));
}

SEC("struct_ops/ktstr_cpu_online")
void BPF_PROG(ktstr_cpu_online, __s32 cpu) { state_of(cpu)->offline = false; }

/*
 * A task of a higher class takes the CPU. The kernel has put the one that ran back into the CPU's local queue, where
 * nobody else finds it for as long as that lasts: all in there are queued anew.
 */
SEC("struct_ops/ktstr_cpu_release")
void BPF_PROG(ktstr_cpu_release, __s32 cpu, struct scx_cpu_release_args* args) { scx_bpf_reenqueue_local(); }

static __s32 create_dsqs(void) {
  __u32 llc;
  __s32 ret;

  for (llc = 0; llc < KTSTR_MAX_LLCS && llc < config.nr_llcs; llc++) {
    ret = scx_bpf_create_dsq(llc, -1);
    if (ret) return ret;
  }
  ret = scx_bpf_create_dsq(STARVED_DSQ, -1);
  if (!ret) ret = scx_bpf_create_dsq(STALLED_DSQ, -1);
  if (!ret && config.hot_queue) ret = scx_bpf_create_dsq(HOT_DSQ, -1);
  return ret ? ret : create_mailboxes();
}

SEC("struct_ops.s/ktstr_init")
__s32 BPF_PROG(ktstr_init) {
  __s32 ret = create_dsqs();

  if (!ret) start_fault_timers();
  return ret;
}

SEC("struct_ops.s/ktstr_exit")
void BPF_PROG(ktstr_exit, struct scx_exit_info* info) {
  int kind = info->kind;

  exit_record.code = info->exit_code;
  bpf_probe_read_kernel_str(exit_record.reason, sizeof(exit_record.reason), info->reason);
  bpf_probe_read_kernel_str(exit_record.msg, sizeof(exit_record.msg), info->msg);
  bpf_probe_read_kernel_str(exit_record.dump, sizeof(exit_record.dump), info->dump);
  exit_record.kind = kind;
  bpf_ringbuf_output(&exit_events, &kind, sizeof(kind), BPF_RB_FORCE_WAKEUP);
}

SEC(".struct_ops.link")
struct sched_ext_ops ktstr_ops = {
    .select_cpu = (void*)ktstr_select_cpu,
    .enqueue = (void*)ktstr_enqueue,
    .dispatch = (void*)ktstr_dispatch,
    .runnable = (void*)ktstr_runnable,
    .running = (void*)ktstr_running,
    .stopping = (void*)ktstr_stopping,
    .quiescent = (void*)ktstr_quiescent,
    .init_task = (void*)ktstr_init_task,
    .enable = (void*)ktstr_enable,
    .cgroup_init = (void*)ktstr_cgroup_init,
    .cgroup_exit = (void*)ktstr_cgroup_exit,
    .cgroup_move = (void*)ktstr_cgroup_move,
    .cgroup_set_weight = (void*)ktstr_cgroup_set_weight,
    .cpu_online = (void*)ktstr_cpu_online,
    .cpu_offline = (void*)ktstr_cpu_offline,
    .cpu_release = (void*)ktstr_cpu_release,
    .init = (void*)ktstr_init,
    .exit = (void*)ktstr_exit,
    .name = "ktstr",
};
