/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each CPU says which task's context it works for, and others look at it: they check that the task lives, and use its
 * context afterwards. It may have ended in between.
 */
#define CPUS 8
#define CONTEXTS 64
#define INTACT 0x600d

struct context {
  __u64 alive, content;
};
static volatile struct context contexts[CONTEXTS];
static volatile __u64 packed[CONTEXTS]; /* both in one */
static volatile __u32 current_of[CPUS];
static volatile __u32 contexts_made;

static void make(struct task_struct* p) {
  struct task_state* state = state_of(p);
  __u32 slot = __sync_fetch_and_add(&contexts_made, 1) % (CONTEXTS - 1) + 1;

  if (!state) return;
  state->slot = slot;
  contexts[slot % CONTEXTS].content = INTACT;
  contexts[slot % CONTEXTS].alive = 1;
  packed[slot % CONTEXTS] = INTACT << 1 | 1;
}

static void end(struct task_struct* p) {
  struct task_state* state = state_of(p);

  if (!state || !state->slot) return;
  contexts[state->slot % CONTEXTS].alive = 0;
  contexts[state->slot % CONTEXTS].content = 0;
  packed[state->slot % CONTEXTS] = 0;
}

static void publish(struct task_struct* p) {
  struct task_state* state = state_of(p);

  if (state) current_of[(__u32)scx_bpf_task_cpu(p) % CPUS] = state->slot;
}

static void look_at(__u32 cpu) {
  __u32 slot = current_of[cpu % CPUS] % CONTEXTS;

  if (!slot) return;
#ifdef FIXED
  __u64 both = packed[slot];

  if ((both & 1) && both >> 1 != INTACT) race_hit("the context of a task that has ended is used");
#else
  if (contexts[slot].alive && contexts[slot].content != INTACT)
    race_hit("the context of a task that has ended is used");
#endif
}

#define on_init_task(p) make(p)
#define on_exit_task(p) end(p)
#define on_running(p) publish(p)
#define on_dispatch(cpu) look_at((cpu) + 1)
