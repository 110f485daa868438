// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler that is a BPF object alone, for scx_load: without callbacks, so that sched_ext's defaults schedule, first come
 * first served from one queue.
 */
#include "kernel.bpf.h"
#include "sched_ext_ops.h"

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link")
struct sched_ext_ops plain_ops = {
    .name = "plain",
};
