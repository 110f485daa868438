/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work is posted, and a flag says that there is some. Who finds none clears the flag afterwards, and with it that of work
 * that was posted in between.
 */
static volatile __u64 work;
static volatile bool has_work;

static void post(void) {
  enter();
  __sync_fetch_and_add(&work, 1);
  has_work = true;
  leave();
}

static void take(void) {
  enter();
  if (has_work) {
#ifdef FIXED
    has_work = false;
    if (__sync_lock_test_and_set(&work, 0)) has_work = true;
#else
    if (!__sync_lock_test_and_set(&work, 0)) has_work = false;
#endif
  }
  if (holds_at_rest(work && !has_work)) race_hit("work is posted, and its flag is clear");
  leave();
}

#define on_enqueue(p) post()
#define on_dispatch(cpu) take()
