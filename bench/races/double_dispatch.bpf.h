/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks are in a ring. Who takes the first one looks where the ring begins, and moves its beginning afterwards. */
static volatile __u64 first, last;
static volatile __u64 taken[MANY];

static void put(void) {
  __u64 at = __sync_fetch_and_add(&last, 1);

  taken[(at + MANY / 2) % MANY] = 0;
}

static void take(void) {
  __u64 at = first;

  if (at == last) return;
#ifdef FIXED
  if (__sync_val_compare_and_swap(&first, at, at + 1) != at) return;
#else
  first = at + 1;
#endif
  if (__sync_lock_test_and_set(&taken[at % MANY], 1)) race_hit("a task is dispatched twice");
}

#define on_enqueue(p) put()
#define on_dispatch(cpu) take()
