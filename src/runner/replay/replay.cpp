// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/replay.h"

#include "base/hash.h"
#include "engine/qemu/mode.h"
#include "engine/qemu/qemu.h"
#include "kernel/cache.h"
#include "kernel/select.h"
#include "runner/replay/not_repeatable.h"
#include "wire/mailbox.h"

namespace ktstr {

namespace {

struct FoundKernel {
  std::string release, sha256;
  std::string spec;  // what RunRequest::kernel takes
};

FoundKernel found_cached(const KernelEntry& entry) { return {entry.facts.release, entry.facts.sha256, entry.key}; }

Result<FoundKernel> select(const KernelEnvironment& kernels, const std::string& wanted) {
  KTSTR_TRY_ASSIGN(const KernelImage image, select_kernel(kernels, wanted));
  return FoundKernel{image.release, image.sha256, image.vmlinux.string()};
}

// The recorded kernel: in the cache, at its path, or the one of $KTSTR_KERNEL; else one of the same release.
Result<FoundKernel> find_kernel(const StoredRun& stored, const KernelEnvironment& kernels) {
  std::optional<FoundKernel> alike;
  for (const CacheEntry& cached : KernelCache(kernels.cache_root).list()) {
    if (cached.damaged()) continue;
    if (cached.entry->facts.sha256 == stored.tuple.kernel_sha256) return found_cached(*cached.entry);
    if (cached.entry->facts.release == stored.kernel) alike = found_cached(*cached.entry);
  }
  std::error_code error;
  std::vector<std::string> specs;
  if (fs::is_regular_file(stored.kernel_path, error)) specs.push_back(stored.kernel_path);
  if (kernels.ktstr_kernel) specs.push_back(*kernels.ktstr_kernel);
  for (const std::string& spec : specs) {
    auto found = select(kernels, spec);
    if (found && found->sha256 == stored.tuple.kernel_sha256) return found;
    if (found && !alike) alike = *std::move(found);
  }
  if (alike) return *std::move(alike);
  return fail(ErrorCode::kNotFound, "kernel {} is not here", stored.kernel);
}

template <typename T>
std::optional<Error> error_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional<Error>(result.error());
}

}  // namespace

Result<ReplayPlan> plan_replay(const StoredRun& stored, const ReplayOptions& options,
                               const RunnerEnvironment& environment) {
  ReplayPlan plan{.request = stored.request};
  plan.request.replay_of = stored.id;
  Here here{.mailbox_version = mailbox::kVersion};

  const KernelEnvironment kernels{.cache_root = environment.cache_dir / "kernels", .ktstr_kernel = environment.kernel};
  auto kernel = options.kernel.empty() ? find_kernel(stored, kernels) : select(kernels, options.kernel);
  if (!kernel && !options.kernel.empty()) return std::move(kernel).error();
  here.kernel_error = error_of(kernel);
  if (kernel) {
    here.kernel = kernel->release;
    here.kernel_sha256 = kernel->sha256;
    plan.request.kernel = kernel->spec;
  }
  const auto qemu = find_qemu(environment.qemu);
  here.qemu_error = error_of(qemu);
  if (qemu) here.qemu_version = qemu->version;
  if (const auto turns = read_bytes(environment.turns_plugin)) here.turns_plugin_sha256 = sha256(*turns);
  here.mode_error = error_of(resolve_mode(stored.request.mode));

  auto packed = options.current ? pack_inputs(plan.request, environment) : load_inputs(stored, environment.state_dir);
  if (!packed && options.current) return std::move(packed).error();
  here.inputs_error = error_of(packed);
  if (packed) plan.request.packed = *std::move(packed);
  if (options.current) plan.changed = changed_inputs(stored.tuple.inputs, plan.request.packed->inputs);
  plan.differences = differences_between(stored, here, !options.current);
  return plan;
}

Replayed replay(const StoredRun& stored, const ReplayPlan& plan, const RunnerEnvironment& environment) {
  return compared(stored, plan.exact(), run(plan.request, environment));
}

Replayed compared(const StoredRun& stored, bool exact, RunRecord again) {
  Replayed replayed{.record = std::move(again)};
  RunRecord& record = replayed.record;
  if (record.digest.empty()) {
    replayed.difference = "the replayed run did not get far enough to have a digest";
    return replayed;
  }
  if (!stored.record || stored.record->digest.empty()) {
    replayed.difference = "the recorded run did not get far enough to have a digest";
    return replayed;
  }
  if (record.digest == stored.record->digest) {
    replayed.same_digest = true;
    return replayed;
  }
  if (!record.digest_complete || !stored.record->digest_complete) {
    replayed.difference = fmt::format("the {} run's digest is incomplete: its guest did not finish",
                                      stored.record->digest_complete ? "replayed" : "recorded");
    return replayed;
  }
  replayed.same_digest = false;
  replayed.difference = first_event_difference(*stored.record, record);
  if (record.mode == "det" && exact)
    fail_as_not_repeatable(fmt::format("run {}, which it replays", stored.id), replayed.difference, record);
  return replayed;
}

}  // namespace ktstr
