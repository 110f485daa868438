/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All work of a group goes to its home queue. The home moves when its queue is empty, and nobody serves the other one.
 * Who posts work looks where the home is, and counts the work there afterwards.
 */
#ifdef FIXED

static volatile __u64 both; /* home, and above it how much is queued there */

static void post(void) {
  __u32 i;

  for (i = 0; i < 8; i++) {
    __u64 old = both;

    if (__sync_val_compare_and_swap(&both, old, old + 2) == old) return;
  }
}

static void serve(void) {
  __u64 old = both;

  if (old > 1)
    __sync_val_compare_and_swap(&both, old, old & 1);
  else
    __sync_val_compare_and_swap(&both, old, old ^ 1);
}

#else

static volatile __u32 home;
static volatile __u64 queued[2];

static void post(void) {
  enter();
  __sync_fetch_and_add(&queued[home & 1], 1);
  leave();
}

static void serve(void) {
  __u32 at;

  enter();
  at = home & 1;
  if (!__sync_lock_test_and_set(&queued[at], 0)) home = 1 - at;
  if (holds_at_rest(queued[1 - (home & 1)])) race_hit("work is queued where nobody looks");
  leave();
}

#endif

#define on_enqueue(p) post()
#define on_dispatch(cpu) \
  if (cpu == 0) serve()
