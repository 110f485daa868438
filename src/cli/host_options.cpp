// SPDX-License-Identifier: Apache-2.0
#include "cli/host_options.h"

#include <fmt/format.h>

#include <vector>

namespace ktstr::cli {

namespace {

constexpr const char* kOwnScheduler =
    "on the host the machine's own scheduler is under test: load the one that you mean "
    "before, or leave --host out, so that a guest gets it";
constexpr const char* kOwnKernel =
    "on the host the running kernel is under test; a guest, without --host, boots another";

Error refuse_scheduler(const std::string& scheduler, std::string_view who) {
  return fail(ErrorCode::kInvalidArgument, "{} and the scheduler '{}' exclude each other: host mode loads no scheduler",
              who, scheduler)
      .with_hint(kOwnScheduler);
}

Error refuse_kernel(const std::string& kernel, std::string_view who) {
  return fail(ErrorCode::kInvalidArgument, "{} and the kernel '{}' exclude each other: host mode boots none", who,
              kernel)
      .with_hint(kOwnKernel);
}

Status check_what_is_under_test(const RunOptions& options, std::string_view who) {
  for (const auto& [setting, text] : options.given) {
    if (setting->flag() == "--scheduler" && !text.empty()) return refuse_scheduler(text, who);
    if (setting->flag() == "--kernel") return refuse_kernel(text, who);
  }
  if (options.seeds)
    return fail(ErrorCode::kInvalidArgument,
                "{} and --seeds exclude each other: on the host a seed does not decide the run, so no range of them "
                "can be searched",
                who)
        .with_hint("--repeat N runs it N times; --seed N is fine");
  return ok();
}

}  // namespace

Status check_host_options(const RunOptions& options) {
  KTSTR_TRY(check_what_is_under_test(options, "--host"));
  std::vector<std::string_view> of_guests;
  for (const auto& [setting, text] : options.given)
    if (setting->of_guests && (of_guests.empty() || of_guests.back() != setting->flag()))
      of_guests.push_back(setting->flag());
  if (!of_guests.empty())
    return fail(ErrorCode::kInvalidArgument, "{} {} nothing together with --host: the machine is as it is",
                fmt::join(of_guests, ", "), of_guests.size() == 1 ? "means" : "mean")
        .with_hint("leave out one or the other");
  if (options.jobs && *options.jobs != 1)
    return fail(ErrorCode::kInvalidArgument,
                "--jobs and --host exclude each other: runs on one machine disturb each other")
        .with_hint("on the host they run one after another");
  return ok();
}

Status check_host_only_test(const TestAttributes& test, const RunOptions& options) {
  constexpr std::string_view kWho = "host_only";
  if (!test.scheduler.empty()) return refuse_scheduler(test.scheduler, kWho);
  if (!test.kernel.empty()) return refuse_kernel(test.kernel, kWho);
  return check_what_is_under_test(options, kWho);
}

}  // namespace ktstr::cli
