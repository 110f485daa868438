/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Weights of cgroups, flattened: a cgroup's cpu.weight is its share among its siblings that have something to run, and
 * what a task gets of that is its own weight among the runnable tasks of its cgroup. So for each cgroup above the task
 * its virtual time passes faster by the factor load / weight: the cgroup's cpu.weight is spread over all that is
 * runnable in it. There is no factor for the root: tasks there are siblings of the cgroups below it, as in the fair
 * class.
 *
 * The kernel calls back for a cgroup when it has the cpu controller; a task of one without belongs to the next cgroup
 * above that has it. Cgroups are known by the id that their directory has (0: the root), so that the way up needs no
 * kfunc.
 */
#ifndef KTSTR_WEIGHTS_BPF_H
#define KTSTR_WEIGHTS_BPF_H

#include "kernel.bpf.h"

#define MAX_CGROUP_DEPTH 8   /* what is nested deeper counts as a child of the root */
#define MAX_CGROUPS 65536    /* further ones have no weight: their tasks count as the root's */
#define MAX_VIRTUAL (1ULL << 44) /* 5 hours; times the highest load it fits into 64 bits */

struct cgroup_weight {
  __u64 parent;  /* 0: the root */
  __u64 weight;  /* cpu.weight, 1 to 10000 */
  __s64 load;    /* sum of the weights of its runnable tasks and of its children that have any */
  __s64 counted; /* what the parent's load has of this one: its weight, or 0 when nothing in it is runnable */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, MAX_CGROUPS);
  __type(key, __u64);
  __type(value, struct cgroup_weight);
} cgroup_weights SEC(".maps");

static __u64 cgroup_id(const struct cgroup* cgrp) { return cgrp->level ? cgrp->kn->id : 0; }

/*
 * Add @change to the load of cgroup @id, and to those above what changes there. Two CPUs may do this at once: each
 * passes up what it took out and what it put in instead, so that no sum is ever wrong for long. The last to look at a
 * cgroup may have seen an old load; the next change sets that right.
 */
static void change_load(__u64 id, __s64 change) {
  struct cgroup_weight* group;
  __s64 wanted;
  int depth;

  for (depth = 0; depth < MAX_CGROUP_DEPTH && id; depth++) {
    group = bpf_map_lookup_elem(&cgroup_weights, &id);
    if (!group) return;
    __sync_fetch_and_add(&group->load, change);
    wanted = group->load > 0 ? group->weight : 0;
    if (wanted == group->counted) return;
    change = wanted - __sync_lock_test_and_set(&group->counted, wanted);
    id = group->parent;
  }
}

/* How much virtual time passes for a task of cgroup @id where @virtual would pass in the root. */
static __u64 virtual_in_cgroup(__u64 id, __u64 virtual) {
  struct cgroup_weight* group;
  __u64 load;
  int depth;

  for (depth = 0; depth < MAX_CGROUP_DEPTH && id; depth++) {
    group = bpf_map_lookup_elem(&cgroup_weights, &id);
    if (!group || !group->weight) break;
    load = group->load > 0 ? group->load : 1;
    if (virtual > MAX_VIRTUAL) virtual = MAX_VIRTUAL;
    virtual = virtual * load / group->weight;
    id = group->parent;
  }
  return virtual;
}

SEC("struct_ops.s/ktstr_cgroup_init")
__s32 BPF_PROG(ktstr_cgroup_init, struct cgroup* cgrp, struct scx_cgroup_init_args* args) {
  struct cgroup_weight group = {.weight = args->weight};
  __u64 id = cgroup_id(cgrp);

  if (!id) return 0;
  if (cgrp->level > 1) group.parent = cgrp->self.parent->cgroup->kn->id;
  bpf_map_update_elem(&cgroup_weights, &id, &group, BPF_ANY);
  return 0;
}

SEC("struct_ops.s/ktstr_cgroup_exit")
void BPF_PROG(ktstr_cgroup_exit, struct cgroup* cgrp) {
  __u64 id = cgroup_id(cgrp);

  if (id) bpf_map_delete_elem(&cgroup_weights, &id);
}

SEC("struct_ops/ktstr_cgroup_set_weight")
void BPF_PROG(ktstr_cgroup_set_weight, struct cgroup* cgrp, __u32 weight) {
  __u64 id = cgroup_id(cgrp);
  struct cgroup_weight* group = id ? bpf_map_lookup_elem(&cgroup_weights, &id) : 0;

  if (!group) return;
  group->weight = weight;
  change_load(id, 0);
}

#endif
