// SPDX-License-Identifier: Apache-2.0
#include "report/likely_cause.h"

#include <fmt/core.h>

#include <algorithm>

#include "report/units.h"

namespace ktstr {

namespace {

// Smaller explains larger.
int rank(DetailKind kind) {
  switch (kind) {
    case DetailKind::kKernelPanic:
    case DetailKind::kKernelOops:
    case DetailKind::kKernelHang:
      return 0;
    case DetailKind::kSchedulerRejected:
      return 1;
    case DetailKind::kSchedulerCrashed:
    case DetailKind::kSchedulerStalled:
      return 2;
    case DetailKind::kSchedulerExited:
    case DetailKind::kSchedulerDied:
      return 3;
    case DetailKind::kSchedulerNotAttached:
    case DetailKind::kSchedulerNotDetached:
      return 4;
    case DetailKind::kKernelStall:
    case DetailKind::kKernelWarning:
    case DetailKind::kLockdep:
    case DetailKind::kHungTask:
    case DetailKind::kRcuStall:
    case DetailKind::kLockup:
      return 5;
    case DetailKind::kBodyCrashed:
    case DetailKind::kBackdropFailed:
    case DetailKind::kStepFailed:
      return 6;
    case DetailKind::kTimeout:
      return 7;
    case DetailKind::kWorkerDied:
      return 8;
    default:
      return 9;
  }
}

}  // namespace

std::vector<const Detail*> findings(const RunRecord& record) {
  std::vector<const Detail*> found;
  for (const Detail& detail : record.details)
    if (detail.verdict > Verdict::kPass && detail.kind != DetailKind::kNote) found.push_back(&detail);
  // All point into one vector, so the last comparison keeps the order in which they were found.
  std::sort(found.begin(), found.end(), [](const Detail* a, const Detail* b) {
    if (a->verdict != b->verdict) return a->verdict > b->verdict;
    if (rank(a->kind) != rank(b->kind)) return rank(a->kind) < rank(b->kind);
    return a < b;
  });
  return found;
}

std::string scheduler_words(const SchedulerSeen& scheduler) {
  const bool clean = scheduler.exit_reason.empty() || scheduler.exit_reason.starts_with("unregistered");
  if (clean) return "";
  if (scheduler.exit_message.empty()) return printable(scheduler.exit_reason);
  return fmt::format("{}: \"{}\"", printable(scheduler.exit_reason), printable(scheduler.exit_message));
}

bool guest_in_trouble(const RunRecord& record) {
  if (record.outcome == Outcome::kInfrastructure) return true;
  if (!record.end_of_guest.empty() && record.end_of_guest != "completed") return true;
  return std::any_of(record.details.begin(), record.details.end(), [](const Detail& detail) {
    return detail.kind == DetailKind::kKernelPanic || detail.kind == DetailKind::kKernelStall ||
           detail.kind == DetailKind::kKernelOops || detail.kind == DetailKind::kKernelHang ||
           detail.kind == DetailKind::kTimeout || detail.kind == DetailKind::kBodyCrashed;
  });
}

}  // namespace ktstr
