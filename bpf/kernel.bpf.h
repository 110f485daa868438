/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fixture scheduler needs to know of the kernel, written by hand instead of a vmlinux.h:
 * the machine that builds this need not run a sched_ext kernel, and only these few fields matter.
 * CO-RE moves the offsets of everything marked preserve_access_index and the values of the enums to
 * those of the running kernel.
 *
 * Kfuncs whose name or signature differs between kernels hide behind a function below. Which one
 * exists is asked of the kernel's BTF at load time (weak ksyms, bpf_ksym_exists), never derived
 * from a version. libbpf cuts the last ___suffix off a local name before it looks for it, which
 * allows two local declarations of one kernel symbol.
 */
#ifndef KTSTR_KERNEL_BPF_H
#define KTSTR_KERNEL_BPF_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;

#include <bpf/bpf_helpers.h>
/* after bpf_helpers.h */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define bool _Bool
#define true 1
#define false 0

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h; unchanged since 2.6 */
#define ENOENT 2
#define ENOMEM 12

/* include/uapi/linux/bpf.h */
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_RINGBUF = 27, BPF_MAP_TYPE_TASK_STORAGE = 29 };
enum { BPF_ANY = 0, BPF_F_NO_PREALLOC = 1, BPF_RB_FORCE_WAKEUP = 2, BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };
enum { CLOCK_MONOTONIC = 1 };

struct bpf_timer {
  __u64 __opaque[2];
} __attribute__((aligned(8)));

struct bpf_iter_scx_dsq {
  __u64 __opaque[6];
} __attribute__((aligned(8)));

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Complete, since libbpf finds a kfunc only when its parameters are of the same kind (struct, not a
 * forward declaration). */
struct cpumask {
  unsigned long bits[1];
};

struct sched_entity {
  __u64 sum_exec_runtime;
};

struct sched_ext_entity {
  __u32 flags;
  __u32 weight;
  __u64 slice;
  __u64 dsq_vtime;
};

struct task_struct {
  unsigned int flags;
  int nr_cpus_allowed;
  const struct cpumask* cpus_ptr;
  char comm[16];
  struct sched_entity se;
  struct sched_ext_entity scx;
};

enum scx_exit_kind { SCX_EXIT_NONE = 0 };

struct scx_exit_info {
  enum scx_exit_kind kind;
  __s64 exit_code;
  const char* reason;
  char* msg;
  char* dump;
};

struct kernfs_node {
  __u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
  struct cgroup* cgroup;
  struct cgroup_subsys_state* parent;
};

struct cgroup {
  struct cgroup_subsys_state self;
  int level; /* 0: the root */
  struct kernfs_node* kn;
};

struct scx_cgroup_init_args {
  __u32 weight;
};

struct scx_init_task_args {
  struct cgroup* cgroup; /* not without CONFIG_EXT_GROUP_SCHED */
};

struct scx_dump_ctx;

struct scx_bpf_dsq_insert_vtime_args___new {
  __u64 dsq_id;
  __u64 slice;
  __u64 vtime;
  __u64 enq_flags;
};

#pragma clang attribute pop

/* Values are those of some kernel, and are relocated: the enqueue flags did change between 6.18
 * and 7.3. */
enum scx_dsq_id_flags { SCX_DSQ_LOCAL = 0x8000000000000002ULL, SCX_DSQ_LOCAL_ON = 0xc000000000000000ULL };
enum scx_enq_flags { SCX_ENQ_WAKEUP = 1, SCX_ENQ_IMMED = 1ULL << 33 };
enum scx_kick_flags { SCX_KICK_IDLE = 1 };
enum scx_ent_flags { SCX_TASK_QUEUED = 1 };

#define DSQ_LOCAL bpf_core_enum_value(enum scx_dsq_id_flags, SCX_DSQ_LOCAL)
/* The local DSQ of a given CPU: add its number. */
#define DSQ_LOCAL_ON bpf_core_enum_value(enum scx_dsq_id_flags, SCX_DSQ_LOCAL_ON)
#define ENQ_WAKEUP bpf_core_enum_value(enum scx_enq_flags, SCX_ENQ_WAKEUP)
/* The kernel queues the task anew if the local DSQ's CPU turns out not to be free for it. 0 before 7.1. */
#define ENQ_IMMED                                                \
  (bpf_core_enum_value_exists(enum scx_enq_flags, SCX_ENQ_IMMED) \
       ? bpf_core_enum_value(enum scx_enq_flags, SCX_ENQ_IMMED)  \
       : 0)
#define KICK_IDLE bpf_core_enum_value(enum scx_kick_flags, SCX_KICK_IDLE)
#define TASK_QUEUED bpf_core_enum_value(enum scx_ent_flags, SCX_TASK_QUEUED)

/*
 * Each kfunc named here costs libbpf a walk over all of the kernel's BTF when the object is loaded,
 * which an emulated guest feels: name no more than needed.
 */
__s32 scx_bpf_create_dsq(__u64 dsq_id, __s32 node) __ksym __weak;
__s32 scx_bpf_task_cpu(const struct task_struct* p) __ksym __weak;
__s32 scx_bpf_select_cpu_dfl(struct task_struct* p, __s32 prev_cpu, __u64 wake_flags, bool* is_idle) __ksym __weak;
__s32 scx_bpf_pick_idle_cpu(const struct cpumask* allowed, __u64 flags) __ksym __weak;
void scx_bpf_kick_cpu(__s32 cpu, __u64 flags) __ksym __weak;
__u32 scx_bpf_reenqueue_local(void) __ksym __weak;
void scx_bpf_error_bstr(char* fmt, __u64* data, __u32 data__sz) __ksym __weak;
bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq* it, struct task_struct* p, __u64 dsq_id, __u64 enq_flags) __ksym __weak;
int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq* it, __u64 dsq_id, __u64 flags) __ksym __weak;
struct task_struct* bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq* it) __ksym __weak;
void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq* it) __ksym __weak;
bool bpf_cpumask_test_cpu(__u32 cpu, const struct cpumask* mask) __ksym __weak;

/* Two generations each. The old names are marked for removal in 7.3; 6.18 has only those. */
void scx_bpf_dsq_insert___old(struct task_struct* p, __u64 dsq_id, __u64 slice, __u64 enq_flags) __ksym __weak;
bool scx_bpf_dsq_insert___v2___new(struct task_struct* p, __u64 dsq_id, __u64 slice, __u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert_vtime___old(struct task_struct* p, __u64 dsq_id, __u64 slice, __u64 vtime,
                                    __u64 enq_flags) __ksym __weak;
bool __scx_bpf_dsq_insert_vtime___new(struct task_struct* p,
                                      struct scx_bpf_dsq_insert_vtime_args___new* args) __ksym __weak;
bool scx_bpf_dsq_move_to_local___old(__u64 dsq_id) __ksym __weak;
bool scx_bpf_dsq_move_to_local___v2___new(__u64 dsq_id, __u64 enq_flags) __ksym __weak;

static __always_inline void dsq_insert(struct task_struct* p, __u64 dsq_id, __u64 slice, __u64 enq_flags) {
  if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
    scx_bpf_dsq_insert___v2___new(p, dsq_id, slice, enq_flags);
  else
    scx_bpf_dsq_insert___old(p, dsq_id, slice, enq_flags);
}

static __always_inline void dsq_insert_vtime(struct task_struct* p, __u64 dsq_id, __u64 slice, __u64 vtime,
                                             __u64 enq_flags) {
  if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime___new)) {
    /* Declared here: where the kernel lacks the struct, no reachable code may touch it. */
    struct scx_bpf_dsq_insert_vtime_args___new args = {
        .dsq_id = dsq_id, .slice = slice, .vtime = vtime, .enq_flags = enq_flags};

    __scx_bpf_dsq_insert_vtime___new(p, &args);
  } else {
    scx_bpf_dsq_insert_vtime___old(p, dsq_id, slice, vtime, enq_flags);
  }
}

/* Move the first task in the DSQ that may run on this CPU to its local DSQ. */
static __always_inline bool dsq_move_to_local(__u64 dsq_id) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new)) return scx_bpf_dsq_move_to_local___v2___new(dsq_id, 0);
  return scx_bpf_dsq_move_to_local___old(dsq_id);
}

/* Virtual and real times wrap: compare by distance. */
static __always_inline bool time_before(__u64 a, __u64 b) { return (__s64)(a - b) < 0; }

#endif
