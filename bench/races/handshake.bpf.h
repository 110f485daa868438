/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU 0 serves requests. Who makes one wakes it only where it does not serve already; and it has looked for requests
 * before it says that it no longer serves.
 */
static volatile __u64 requests;
static volatile bool pending, serving, woken;

static void request(void) {
  enter();
  __sync_fetch_and_add(&requests, 1);
  pending = true;
  if (!serving) woken = true;
  leave();
}

static void serve(void) {
  __u32 i;

  enter();
  serving = true;
  woken = false;
  for (i = 0; i < 4; i++) {
    if (pending) {
      pending = false;
      __sync_lock_test_and_set(&requests, 0);
    }
    serving = false;
#ifdef FIXED
    if (!pending) break;
    serving = true;
#else
    break;
#endif
  }
#ifdef FIXED
  serving = false;
  if (pending) woken = true;
#endif
  if (holds_at_rest(requests && !woken)) race_hit("a request waits, and nobody was woken");
  leave();
}

#define on_enqueue(p) request()
#define on_dispatch(cpu) \
  if (cpu == 0) serve()
