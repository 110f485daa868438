/* SPDX-License-Identifier: GPL-2.0-only */
/* How many tasks wait is counted up and down by all CPUs, without an atomic operation. */
static volatile __s64 waiting;

static void count(__s64 by) {
#ifdef FIXED
  __sync_fetch_and_add(&waiting, by);
#else
  waiting = waiting + by;
#endif
}

static void begin_wait(struct task_struct* p) {
  struct task_state* state = state_of(p);

  if (!state || state->counted) return;
  state->counted = 1;
  count(1);
}

static void end_wait(struct task_struct* p) {
  struct task_state* state = state_of(p);

  if (!state || !state->counted) return;
  state->counted = 0;
  count(-1);
  if (waiting < 0) race_hit("fewer tasks than none are waiting");
}

#define on_enqueue(p) begin_wait(p)
#define on_running(p) end_wait(p)
