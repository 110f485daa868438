/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU 0 publishes 16 bytes in two halves; others read them in two halves. */
struct published {
  __u64 value, complement;
};
static volatile struct published state;
static volatile __u64 sequence; /* odd: it is being written */

static void publish(void) {
  __u64 value = state.value + 1;

#ifdef FIXED
  sequence = sequence + 1;
#endif
  state.value = value;
  state.complement = ~value;
#ifdef FIXED
  sequence = sequence + 1;
#endif
}

static void look(void) {
#ifdef FIXED
  __u64 before = sequence;
#endif
  __u64 value = state.value, complement = state.complement;

#ifdef FIXED
  if ((before & 1) || sequence != before) return;
#endif
  if (value && complement != ~value) race_hit("half of a state is old");
}

#define on_enqueue(p) look()
#define on_dispatch(cpu) \
  if (cpu == 0) publish()
