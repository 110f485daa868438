// SPDX-License-Identifier: Apache-2.0
#include "host/run_on_host.h"

#include <unistd.h>

#include <exception>

#include "base/log.h"
#include "host/host_group.h"
#include "host/host_hooks.h"

namespace ktstr {

namespace {

Result<AssertResult> call(const HostBody& body, Ctx& ctx) {
  try {
    return body(ctx);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "the test's body threw: {}", error.what());
  }
}

Error with_way_out(Error error) {
  const bool needs_root = error.code() == ErrorCode::kPermission && ::geteuid() != 0;
  if (needs_root && error.hint().empty())
    error.with_hint("on the host this needs root; without --host it runs in a guest, as root");
  return error;
}

}  // namespace

Result<AssertResult> run_on_host(const HostRequest& request, const HostBody& body) {
  KTSTR_TRY_ASSIGN(const HostPlace place, find_host_place(request.proc_root));
  KTSTR_TRY_ASSIGN(const TestTopology topology, TestTopology::from_sysfs(request.sysfs_root));
  const int pid = ::getpid();
  KTSTR_TRY_ASSIGN(UndoJournal journal, UndoJournal::create(request.journals, pid, place.own));
  std::vector<int> harness = request.harness;
  harness.push_back(pid);
  KTSTR_TRY_ASSIGN(HostGroup group, HostGroup::create(place, pid, std::move(harness), journal));
  auto hooks = request.hooks;
  if (!hooks) {
    KTSTR_TRY_ASSIGN(hooks, host_hooks(journal, request.live_workers));
  }
  RunSettings settings = request.settings;
  settings.payload_path = program_directories();
  Ctx ctx({.topology = &topology,
           .cgroups = &group,
           .events = request.events,
           .settings = std::move(settings),
           .on_host = true,
           .hooks = std::move(hooks)});
  auto result = call(body, ctx);
  for (const Error& error : group.close()) {
    if (!result)
      log_warn("{}", error.render());
    else
      result->details.push_back(
          {.verdict = Verdict::kPass, .kind = DetailKind::kNote, .message = "left behind: " + error.message()});
  }
  if (!result) return with_way_out(std::move(result).error());
  return result;
}

}  // namespace ktstr
