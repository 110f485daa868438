// SPDX-License-Identifier: Apache-2.0
#include "engine/warm_guest.h"

#include "base/log.h"
#include "engine/machine.h"
#include "engine/warm_build.h"

namespace ktstr {

namespace {

// A host that is too busy to stop a machine in time may be less busy later.
constexpr int kBootTries = 4;
constexpr int kImageTries = 2;

// kBusy when the boot failed: then `failed_boot` has it.
Status build_image(const GuestSpec& spec, const WarmKey& key, Bytes delivery, const fs::path& directory,
                   const std::function<bool()>& interrupted, std::optional<GuestOutcome>& failed_boot) {
  for (int i = 1;; ++i) {
    log_info("building the warm image of {} with {}: this boots once", key.topology, key.kernel);
    auto built = build_warm_image(spec, memory_layout(spec, delivery), key, directory, interrupted);
    if (built && built->failed) {
      failed_boot = std::move(built->failed);
      return fail(ErrorCode::kBusy, "the guest did not come up");
    }
    if (built) return ok();
    if (built.error().code() != ErrorCode::kBusy || i == kBootTries) return std::move(built).error();
    log_info("{}: again", built.error().message());
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(directory, ignored)) fs::remove(file, ignored);
  }
}

// kCorruptData after the damaged image was discarded.
Result<GuestOutcome> run_once(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, ByteSpan delivery,
                              const GuestIo& io, WarmStart& start, std::optional<GuestOutcome>& failed_boot) {
  auto lease = lease_warm_image(spec, cache, key, delivery.size(), io.interrupted, failed_boot);
  if (!lease) return std::move(lease).error();
  start = {.kind = lease->built ? WarmStart::Kind::kBuiltAndForked : WarmStart::Kind::kForked,
           .image = key.digest(),
           .why_cold = {}};
  auto outcome = fork_guest(spec, lease->image, delivery, io);
  if (outcome || outcome.error().code() != ErrorCode::kCorruptData) return outcome;
  KTSTR_TRY(cache.discard(*std::move(lease), outcome.error().message(), io.interrupted));
  return outcome;
}

}  // namespace

Result<WarmCache::Lease> lease_warm_image(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, Bytes delivery,
                                          const std::function<bool()>& interrupted,
                                          std::optional<GuestOutcome>& failed_boot) {
  return cache.get(
      key,
      [&](const fs::path& directory) { return build_image(spec, key, delivery, directory, interrupted, failed_boot); },
      interrupted);
}

Result<GuestOutcome> run_warm_guest(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, ByteSpan delivery,
                                    const GuestIo& io, WarmStart& start) {
  std::optional<GuestOutcome> failed_boot;
  Error last(ErrorCode::kInternal, "");
  for (int i = 0; i < kImageTries; ++i) {
    auto outcome = run_once(spec, cache, key, delivery, io, start, failed_boot);
    if (outcome) return outcome;
    if (failed_boot) return *std::move(failed_boot);
    if (outcome.error().code() == ErrorCode::kCancelled) return outcome;
    last = std::move(outcome).error();
    if (last.code() != ErrorCode::kCorruptData) break;
  }
  log_warn("no warm image, this run boots for itself: {}", last.render());
  start = {.kind = WarmStart::Kind::kCold, .image = {}, .why_cold = last.message()};
  return run_guest(spec, delivery, io);
}

}  // namespace ktstr
