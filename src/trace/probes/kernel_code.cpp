// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/kernel_code.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/text/trimmed.h"
#include "trace/events.h"

namespace ktstr {

namespace {

constexpr std::string_view kFirstOfScheduler = "__traceiter_sched_kthread_stop";
// kernel/locking/mutex.c: of its trace events, or without them.
constexpr std::string_view kAfterScheduler[] = {"__traceiter_contention_begin", "mutex_is_locked"};
constexpr std::uint64_t kMostSchedulerBytes = 4 << 20;
constexpr std::uint64_t kLargestKernelFunction = 1 << 20;
constexpr std::string_view kRoomBefore = "__pfx_";
constexpr std::size_t kMostPiecesOfKernel = control::kMostWatched - 1;  // one is that of BPF code

bool is_kernel_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

bool is_code(const Symbol& symbol) { return std::string_view("tTwW").find(symbol.type) != std::string_view::npos; }

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  for (;;) {
    const auto end = list.find(',');
    names.emplace_back(trimmed(list.substr(0, end)));
    if (end == list.npos) return names;
    list.remove_prefix(end + 1);
  }
}

using Addresses = std::pair<std::uint64_t, std::uint64_t>;  // the first, and the one after the last

std::vector<Addresses> scheduler_code(const KernelSymbols& symbols) {
  std::vector<Addresses> found;
  const auto add = [&](std::string_view first, std::string_view after) {
    const auto from = symbols.find(first), to = symbols.find(after);
    if (!from || !to || from->address >= to->address || to->address - from->address > kMostSchedulerBytes) return false;
    found.emplace_back(from->address, to->address);
    return true;
  };
  for (const std::string_view after : kAfterScheduler)
    if (add(kFirstOfScheduler, after)) break;
  if (!found.empty()) add("__sched_text_start", "__sched_text_end");
  return found;
}

}  // namespace

Result<std::string> parse_kernel_code(std::string_view list) {
  std::vector<std::string> names = names_in(list);
  if (names.size() == 1 && names.front().empty()) return std::string();
  for (const std::string& name : names)
    if (!is_kernel_name(name) && name != kSchedulerOfKernel)
      return fail(ErrorCode::kInvalidArgument, "'{}' is not the name of a function of the kernel", name)
          .with_hint(fmt::format("accepted: names with ',' between them, and '{}' for all functions of the scheduler",
                                 kSchedulerOfKernel));
  return fmt::format("{}", fmt::join(names, ","));
}

Result<std::vector<KernelFunction>> kernel_code(const KernelSymbols& symbols, std::string_view list) {
  KTSTR_TRY_ASSIGN(const std::string checked, parse_kernel_code(list));
  std::vector<KernelFunction> functions;
  if (checked.empty()) return functions;
  std::map<std::string, bool, std::less<>> wanted;  // and whether there is such a function
  std::vector<Addresses> pieces;
  for (std::string& name : names_in(checked)) {
    if (name != kSchedulerOfKernel) {
      wanted.emplace(std::move(name), false);
      continue;
    }
    pieces = scheduler_code(symbols);
    if (pieces.empty())
      return fail(ErrorCode::kInvalidArgument, "the functions of the scheduler do not lie together in this kernel")
          .with_hint("name them: update_curr,pick_eevdf");
  }
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const Symbol one = symbols[i];
    if (!is_code(one)) continue;
    bool is_wanted = std::any_of(pieces.begin(), pieces.end(), [&](const Addresses& piece) {
      return piece.first <= one.address && one.address < piece.second;
    });
    const bool is_room = one.name.starts_with(kRoomBefore);
    const std::string_view name = is_room ? one.name.substr(kRoomBefore.size()) : one.name;
    for (const std::string_view called : {name, name.substr(0, name.find('.'))})
      if (const auto found = wanted.find(called); found != wanted.end()) {
        is_wanted = true;
        found->second = found->second || !is_room;
      }
    const auto next = symbols.after(one.address);
    if (is_wanted && next && next->address - one.address <= kLargestKernelFunction)
      functions.push_back({std::string(one.name), one.address, next->address});
  }
  for (const auto& [name, is_there] : wanted)
    if (!is_there)
      return fail(ErrorCode::kInvalidArgument, "this kernel has no function {}", name)
          .with_hint(fmt::format("it may be inlined into its callers: name one of them, or '{}' for all functions of "
                                 "the scheduler",
                                 kSchedulerOfKernel));
  return functions;
}

std::vector<TraceEvent> functions_seen(std::uint64_t time_ns, const std::vector<KernelFunction>& functions) {
  std::vector<TraceEvent> events;
  for (const KernelFunction& function : functions) {
    if (function.name.starts_with(kRoomBefore)) continue;
    trace::FunctionSeen seen{.start = function.start, .end = function.end, .name = {}};
    put_text(function.name, seen.name);
    events.push_back(make_event(time_ns, 0, seen));
  }
  return events;
}

Result<std::vector<control::WatchedCode>> watched_code(const std::vector<KernelFunction>& seen,
                                                       const std::vector<KernelFunction>& ends) {
  std::map<std::uint64_t, control::WatchedCode> all;  // of two at the same address the one that ends holds
  for (const KernelFunction& one : ends) all[one.start] = {one.start, one.end, 1, 0};
  for (const KernelFunction& one : seen) all.try_emplace(one.start, control::WatchedCode{one.start, one.end, 0, 0});
  std::vector<control::WatchedCode> pieces;
  for (const auto& [start, code] : all) {
    if (!pieces.empty() && start <= pieces.back().last && code.ends_holds == pieces.back().ends_holds) {
      pieces.back().last = std::max(pieces.back().last, code.last);
      continue;
    }
    if (!pieces.empty()) pieces.back().last = std::min(pieces.back().last, start);
    pieces.push_back(code);
  }
  if (pieces.size() > kMostPiecesOfKernel)
    return fail(ErrorCode::kUnsupported, "{} pieces of code are too many to be watched; there is room for {}",
                pieces.size(), kMostPiecesOfKernel)
        .with_hint(fmt::format("name fewer functions, or '{}' for all of the scheduler", kSchedulerOfKernel));
  return pieces;
}

}  // namespace ktstr
