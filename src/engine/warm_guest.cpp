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

class WarmRun {
 public:
  WarmRun(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, ByteSpan delivery, const GuestIo& io)
      : spec_(spec), cache_(cache), key_(key), delivery_(delivery), io_(io) {}

  // kCorruptData after the damaged image was discarded; kBusy when the boot failed: then failed_boot() has it.
  Result<GuestOutcome> run(WarmStart& start) {
    std::string damage;
    {
      auto lease = cache_.get(
          key_, [&](const fs::path& directory) { return build(directory); }, io_.interrupted);
      if (!lease) return std::move(lease).error();
      start = {.kind = lease->built ? WarmStart::Kind::kBuiltAndForked : WarmStart::Kind::kForked,
               .image = key_.digest(),
               .why_cold = {}};
      auto outcome = fork_guest(spec_, lease->image, delivery_, io_);
      if (outcome || outcome.error().code() != ErrorCode::kCorruptData) return outcome;
      damage = outcome.error().message();
    }
    KTSTR_TRY(cache_.discard(key_, damage));
    return fail(ErrorCode::kCorruptData, "{}", damage);
  }
  std::optional<GuestOutcome>& failed_boot() { return failed_boot_; }

 private:
  Status build(const fs::path& directory) {
    for (int i = 1;; ++i) {
      log_info("building the warm image of {} with {}: this boots once", key_.topology, key_.kernel);
      auto built = build_warm_image(spec_, memory_layout(spec_, delivery_.size()), key_, directory, io_.interrupted);
      if (built && built->failed) {
        failed_boot_ = std::move(built->failed);
        return fail(ErrorCode::kBusy, "the guest did not come up");
      }
      if (built) return ok();
      if (built.error().code() != ErrorCode::kBusy || i == kBootTries) return std::move(built).error();
      log_info("{}: again", built.error().message());
      std::error_code ignored;
      for (const auto& file : fs::directory_iterator(directory, ignored)) fs::remove(file, ignored);
    }
  }

  const GuestSpec& spec_;
  WarmCache& cache_;
  const WarmKey& key_;
  ByteSpan delivery_;
  const GuestIo& io_;
  std::optional<GuestOutcome> failed_boot_;
};

}  // namespace

Result<GuestOutcome> run_warm_guest(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, ByteSpan delivery,
                                    const GuestIo& io, WarmStart& start) {
  WarmRun warm(spec, cache, key, delivery, io);
  Error last(ErrorCode::kInternal, "");
  for (int i = 0; i < kImageTries; ++i) {
    auto outcome = warm.run(start);
    if (outcome) return outcome;
    if (warm.failed_boot()) return *std::move(warm.failed_boot());
    if (outcome.error().code() == ErrorCode::kCancelled) return outcome;
    last = std::move(outcome).error();
    if (last.code() != ErrorCode::kCorruptData) break;
  }
  log_warn("no warm image, this run boots for itself: {}", last.render());
  start = {.kind = WarmStart::Kind::kCold, .image = {}, .why_cold = last.message()};
  return run_guest(spec, delivery, io);
}

}  // namespace ktstr
