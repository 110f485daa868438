/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The callbacks and settings of sched_ext_ops that this scheduler uses, for both the BPF object and
 * its loader. libbpf matches a struct_ops map with the kernel's struct by name, field by field:
 * order and missing fields do not matter, and a field that the running kernel lacks is ignored as
 * long as it is zero.
 */
#ifndef KTSTR_SCHED_EXT_OPS_H
#define KTSTR_SCHED_EXT_OPS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

struct cgroup;
struct cpumask;
struct task_struct;
struct scx_cgroup_init_args;
struct scx_init_task_args;
struct scx_exit_task_args;
struct scx_exit_info;
struct scx_cpu_release_args;

struct sched_ext_ops {
  __s32 (*select_cpu)(struct task_struct* p, __s32 prev_cpu, __u64 wake_flags);
  void (*enqueue)(struct task_struct* p, __u64 enq_flags);
  void (*dispatch)(__s32 cpu, struct task_struct* prev);
  void (*runnable)(struct task_struct* p, __u64 enq_flags);
  void (*running)(struct task_struct* p);
  void (*stopping)(struct task_struct* p, bool runnable);
  void (*quiescent)(struct task_struct* p, __u64 deq_flags);
  __s32 (*init_task)(struct task_struct* p, struct scx_init_task_args* args);
  void (*exit_task)(struct task_struct* p, struct scx_exit_task_args* args);
  void (*enable)(struct task_struct* p);
  /* Not without CONFIG_EXT_GROUP_SCHED. */
  __s32 (*cgroup_init)(struct cgroup* cgrp, struct scx_cgroup_init_args* args);
  void (*cgroup_exit)(struct cgroup* cgrp);
  void (*cgroup_move)(struct task_struct* p, struct cgroup* from, struct cgroup* to);
  void (*cgroup_set_weight)(struct cgroup* cgrp, __u32 weight);
  void (*cpu_online)(__s32 cpu);
  void (*cpu_offline)(__s32 cpu);
  void (*cpu_release)(__s32 cpu, struct scx_cpu_release_args* args);
  __s32 (*init)(void);
  void (*exit)(struct scx_exit_info* info);
  __u64 flags;
  __u32 timeout_ms;
  char name[128];
};

#endif
