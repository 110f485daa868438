/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader tells the scheduler before it starts, and what the scheduler leaves behind when
 * it ends. */
#ifndef SCX_KTSTR_H
#define SCX_KTSTR_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define KTSTR_MAX_CPUS 1024 /* a power of two */
#define KTSTR_MAX_LLCS 256
#define KTSTR_COMM_LEN 16 /* TASK_COMM_LEN */
#define KTSTR_NEVER (~0ULL)

/* Sections of the object that hold one variable each, so that the loader finds them without a
 * skeleton. */
#define KTSTR_CONFIG_SECTION ".rodata.config"
#define KTSTR_EXIT_SECTION ".data.exit"

struct ktstr_config {
  __u64 slice_ns;
  /* Faults. Times count from the load of the scheduler; KTSTR_NEVER switches one off. */
  __u64 stall_after_ns;
  __u64 crash_after_ns;
  __u64 slow_dispatch_ns; /* 0: not slow */
  __u64 starve_period_ns; /* a starved task may run once in this time */
  __u32 starve_len;       /* length of starve_comm, 0: nobody starves */
  char starve_comm[KTSTR_COMM_LEN];
  __u32 lose_len; /* as starve_len */
  char lose_comm[KTSTR_COMM_LEN];
  __u32 ping_pong;       /* 0: tasks stay where they are */
  __u32 invert_nice;     /* 0: the higher weight gets more */
  __u32 ignore_nice;     /* 0: weights differ by nice values */
  __u32 ignore_affinity; /* 0: tasks are where they may run */
  __u32 hot_queue;       /* 0: there is no such queue */
  __u32 idle_cpu;        /* gets no task from a queue; KTSTR_MAX_CPUS: none is left so */
  __u32 lose_wakeup;     /* 0: loses none */
  __u32 ignore_weights;  /* of cgroups; 0: goes by them */
  __u32 nr_cpus;         /* one more than the highest CPU number */
  __u32 nr_llcs;
  __u32 llc_of_cpu[KTSTR_MAX_CPUS];
};

/* The kernel's scx_exit_info, in lengths of kernel/sched/ext: SCX_EXIT_MSG_LEN,
 * SCX_EXIT_DUMP_DFL_LEN. */
struct ktstr_exit {
  __s32 kind; /* enum scx_exit_kind; 0 until the scheduler has ended */
  __s64 code;
  char reason[128];
  char msg[1024];
  char dump[32768];
};

#endif
