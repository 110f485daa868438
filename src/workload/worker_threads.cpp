// SPDX-License-Identifier: Apache-2.0
#include "workload/worker_threads.h"

#include <cerrno>

#include "workload/worker_life.h"
#include "workload/worker_setup.h"

namespace ktstr {

namespace {

// Loops are shallow. Small, since a process may have thousands of them.
constexpr std::size_t kStackBytes = std::size_t{256} * 1024;

void* thread_main(void* plan) {
  const auto& own = *static_cast<const WorkerPlan*>(plan);
  set_up(own);
  live_worker(own);
  return nullptr;
}

}  // namespace

bool WorkerThreads::start() {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  int failed = 0;
  for (const WorkerPlan* plan : plans) {
    pthread_t thread;
    failed = ::pthread_create(&thread, &attributes, thread_main, const_cast<WorkerPlan*>(plan));
    if (failed != 0) break;
    started.push_back(thread);
  }
  ::pthread_attr_destroy(&attributes);
  errno = failed;
  return failed == 0;
}

void WorkerThreads::join() {
  for (const pthread_t thread : started) ::pthread_join(thread, nullptr);
}

}  // namespace ktstr
