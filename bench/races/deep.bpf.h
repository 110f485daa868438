/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two windows, one in the other: CPU 0 changes something in two steps, and counts. Who comes between its steps takes a
 * way that nobody takes otherwise; and only if CPU 0 goes on before that one has counted, a count is lost.
 */
static volatile bool changing;
static volatile __u64 changes, counted, counted_right;

static void count(void) {
#ifdef FIXED
  __sync_fetch_and_add(&counted, 1);
#else
  counted = counted + 1;
#endif
  __sync_fetch_and_add(&counted_right, 1);
}

static void change(void) {
  enter();
  changing = true;
  changes = changes + 1;
  changing = false;
  count();
  if (holds_at_rest(counted != counted_right)) race_hit("a count is lost");
  leave();
}

static void look(void) {
  enter();
  if (changing) count();
  leave();
}

#define on_enqueue(p) look()
#define on_dispatch(cpu) \
  if (cpu == 0) change()
