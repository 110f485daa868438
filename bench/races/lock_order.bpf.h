/* SPDX-License-Identifier: GPL-2.0-only */
/* Two locks, which are taken in two orders. */
#define LONGEST_SPIN (1 << 16) /* rounds: several times what a CPU may stand still */

static volatile __u32 queue_lock, cpu_lock;

static int try_queue(__u32 i, void* none) { return !__sync_lock_test_and_set(&queue_lock, 1); }
static int try_cpu(__u32 i, void* none) { return !__sync_lock_test_and_set(&cpu_lock, 1); }

static bool lock_queue(void) { return bpf_loop(LONGEST_SPIN, try_queue, 0, 0) < LONGEST_SPIN; }
static bool lock_cpu(void) { return bpf_loop(LONGEST_SPIN, try_cpu, 0, 0) < LONGEST_SPIN; }

static void queue_then_cpu(void) {
  if (!lock_queue()) race_hit("two CPUs wait for each other's locks");
  if (!lock_cpu()) race_hit("two CPUs wait for each other's locks");
  cpu_lock = 0;
  queue_lock = 0;
}

static void cpu_then_queue(void) {
#ifdef FIXED
  queue_then_cpu();
#else
  if (!lock_cpu()) race_hit("two CPUs wait for each other's locks");
  if (!lock_queue()) race_hit("two CPUs wait for each other's locks");
  queue_lock = 0;
  cpu_lock = 0;
#endif
}

#define on_enqueue(p) queue_then_cpu()
#define on_dispatch(cpu) cpu_then_queue()
