// SPDX-License-Identifier: Apache-2.0
//
// futex(2) on words in shared memory. Not the PRIVATE forms: the waiters are other processes.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>
#include <ctime>

namespace ktstr {

using FutexWord = std::atomic<std::uint32_t>;
static_assert(sizeof(FutexWord) == 4 && FutexWord::is_always_lock_free);

// Returns when woken, when `word` is not `expected`, or when CLOCK_MONOTONIC reaches `until_ns` (0: never); also
// spuriously, so look at the word again.
inline void futex_wait(const FutexWord& word, std::uint32_t expected, std::uint64_t until_ns = 0) {
  const timespec until{static_cast<time_t>(until_ns / 1'000'000'000), static_cast<long>(until_ns % 1'000'000'000)};
  // FUTEX_WAIT_BITSET takes an absolute time, and on CLOCK_MONOTONIC unless told otherwise (futex(2)).
  ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, expected, until_ns != 0 ? &until : nullptr, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

inline void futex_wake(FutexWord& word, int count) { ::syscall(SYS_futex, &word, FUTEX_WAKE, count); }
inline void futex_wake_all(FutexWord& word) { futex_wake(word, INT_MAX); }

}  // namespace ktstr
