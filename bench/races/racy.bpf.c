// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler with one race, for the yardstick of race search. What it does to tasks is simple and right: first come,
 * first served from one queue. Beside that its callbacks keep some state, as a scheduler would, with one mistake that only
 * shows when another CPU comes between two accesses; an oracle notices that at once and ends the scheduler. RACE names
 * the file that has both, and with FIXED it has the mistake put right.
 */
#include "../../bpf/kernel.bpf.h"
#include "../../bpf/sched_ext_ops.h"

char _license[] SEC("license") = "GPL";

#define QUEUE 0
#define SLICE_NS 2000000
#define MANY 1024 /* tickets that are told apart: more than are given out while a CPU stands still */

/* The race has happened, and did harm. */
#define race_hit(what)                           \
  ({                                             \
    static char fmt[] = "race: " what;           \
    __u64 none = 0;                              \
    scx_bpf_error_bstr(fmt, &none, sizeof none); \
  })

/*
 * How many callbacks with racy state run, and how many ever began. Where one is alone from its first look to its last,
 * what it sees is nobody's unfinished business.
 */
static volatile __u64 inside, entered;

static void enter(void) {
  __sync_fetch_and_add(&inside, 1);
  __sync_fetch_and_add(&entered, 1);
}
static void leave(void) { __sync_fetch_and_add(&inside, -1); }

/* Whether `condition` holds, and nobody else was inside meanwhile. */
#define holds_at_rest(condition)                                          \
  ({                                                                      \
    __u64 before = entered;                                               \
    inside == 1 && (condition) && inside == 1 && entered == before;       \
  })

/* Of each task. */
struct task_state {
  __u64 counted;
  __u32 slot;
};
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct task_state);
} tasks SEC(".maps");

static struct task_state* state_of(struct task_struct* p) { return bpf_task_storage_get(&tasks, p, 0, 0); }

#include RACE

/* What a race has nothing to do with. */
#ifndef on_enqueue
#define on_enqueue(p)
#endif
#ifndef on_dispatch
#define on_dispatch(cpu)
#endif
#ifndef on_running
#define on_running(p)
#endif
#ifndef on_stopping
#define on_stopping(p)
#endif
#ifndef on_init
#define on_init()
#endif
#ifndef on_init_task
#define on_init_task(p)
#endif
#ifndef on_exit_task
#define on_exit_task(p)
#endif

/* So that every task comes to racy_enqueue. */
SEC("struct_ops/racy_select_cpu")
__s32 BPF_PROG(racy_select_cpu, struct task_struct* p, __s32 prev_cpu, __u64 wake_flags) { return prev_cpu; }

SEC("struct_ops/racy_enqueue")
void BPF_PROG(racy_enqueue, struct task_struct* p, __u64 enq_flags) {
  __s32 idle_cpu;

  if ((p->flags & PF_KTHREAD) || p->nr_cpus_allowed == 1) {
    dsq_insert(p, DSQ_LOCAL, SLICE_NS, enq_flags);
    return;
  }
  on_enqueue(p);
  dsq_insert(p, QUEUE, SLICE_NS, enq_flags);
  idle_cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
  if (idle_cpu >= 0) scx_bpf_kick_cpu(idle_cpu, KICK_IDLE);
}

SEC("struct_ops/racy_dispatch")
void BPF_PROG(racy_dispatch, __s32 cpu, struct task_struct* prev) {
  on_dispatch(cpu);
  dsq_move_to_local(QUEUE);
}

SEC("struct_ops/racy_running")
void BPF_PROG(racy_running, struct task_struct* p) {
  if (p->flags & PF_KTHREAD) return;
  on_running(p);
}

SEC("struct_ops/racy_stopping")
void BPF_PROG(racy_stopping, struct task_struct* p, bool runnable) {
  if (p->flags & PF_KTHREAD) return;
  on_stopping(p);
}

SEC("struct_ops.s/racy_init_task")
__s32 BPF_PROG(racy_init_task, struct task_struct* p, struct scx_init_task_args* args) {
  if (!bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE)) return -ENOMEM;
  if (!(p->flags & PF_KTHREAD)) on_init_task(p);
  return 0;
}

SEC("struct_ops/racy_exit_task")
void BPF_PROG(racy_exit_task, struct task_struct* p, struct scx_exit_task_args* args) {
  if (!(p->flags & PF_KTHREAD)) on_exit_task(p);
}

SEC("struct_ops.s/racy_init")
__s32 BPF_PROG(racy_init) {
  on_init();
  return scx_bpf_create_dsq(QUEUE, -1);
}

SEC(".struct_ops.link")
struct sched_ext_ops racy_ops = {
    .select_cpu = (void*)racy_select_cpu,
    .enqueue = (void*)racy_enqueue,
    .dispatch = (void*)racy_dispatch,
    .running = (void*)racy_running,
    .stopping = (void*)racy_stopping,
    .init_task = (void*)racy_init_task,
    .exit_task = (void*)racy_exit_task,
    .init = (void*)racy_init,
    .timeout_ms = 2000,
    .name = "racy",
};
