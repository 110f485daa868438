/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each task that runs has a slot, from a list of free ones whose head is compared and swapped. That the
 * head is the same again does not say that its next slot is still a free one: a counter beside it would. It takes three CPUs.
 */
#define SLOTS 16

static volatile __u64 head; /* the slot; above it the counter */
static volatile __u32 next_of[SLOTS], used[SLOTS];

static __u64 head_of(__u32 slot, __u64 before) {
#ifdef FIXED
  return ((before >> 32) + 1) << 32 | slot;
#else
  return slot;
#endif
}

static void push(__u32 slot) {
  __u32 i;

  used[slot % SLOTS] = 0;
  for (i = 0; i < 8; i++) {
    __u64 old = head;

    next_of[slot % SLOTS] = (__u32)old;
    if (__sync_val_compare_and_swap(&head, old, head_of(slot, old)) == old) return;
  }
}

static __u32 pop(void) {
  __u32 i;

  for (i = 0; i < 8; i++) {
    __u64 old = head;
    __u32 slot = (__u32)old % SLOTS, after = next_of[slot];

    if (!slot) return 0;
    if (__sync_val_compare_and_swap(&head, old, head_of(after, old)) != old) continue;
    if (__sync_lock_test_and_set(&used[slot], 1)) race_hit("a slot is handed out twice");
    return slot;
  }
  return 0;
}

static void take_slot(struct task_struct* p) {
  struct task_state* state = state_of(p);

  if (state && !state->slot) state->slot = pop();
}

static void return_slot(struct task_struct* p) {
  struct task_state* state = state_of(p);
  __u32 slot = state ? state->slot : 0;

  if (!slot) return;
  state->slot = 0;
  push(slot);
}

static void fill(void) {
  __u32 i;

  for (i = 1; i < SLOTS; i++) push(i);
}

#define on_running(p) take_slot(p)
#define on_stopping(p) return_slot(p)
#define on_init() fill()
