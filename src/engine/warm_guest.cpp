// SPDX-License-Identifier: Apache-2.0
#include "engine/warm_guest.h"

#include "base/log.h"
#include "engine/machine.h"
#include "engine/warm_build.h"

namespace ktstr {

namespace {

constexpr int kImageTries = 2;

class WarmRun {
 public:
  WarmRun(const GuestSpec& spec, WarmCache& cache, const WarmKeys& keys, const Deliveries& deliveries, const GuestIo& io)
      : spec_(spec), cache_(cache), keys_(keys), deliveries_(deliveries), io_(io) {}

  Result<GuestOutcome> run(WarmStart& start) {
    if (!keys_.attached || cache_.is_unfit(*keys_.attached)) return fork(keys_.booted, deliveries_, start);
    auto outcome = fork(*keys_.attached, {deliveries_.at(1)}, start);
    if (outcome || !cache_.is_unfit(*keys_.attached)) return outcome;
    return fork(keys_.booted, deliveries_, start);
  }
  // Of the machine that was to become an image, when it ended before.
  std::optional<WarmBuild::Failure>& failure() { return failure_; }

 private:
  // kCorruptData: the image was damaged, and is no more.
  Result<GuestOutcome> fork(const WarmKey& key, const Deliveries& deliveries, WarmStart& start) {
    std::string damage;
    {
      KTSTR_TRY_ASSIGN(const WarmCache::Lease lease, lease_of(key));
      start = {.image = key.digest(), .why_cold = {}};
      auto outcome = fork_guest(spec_, lease.image, deliveries, io_);
      if (outcome || outcome.error().code() != ErrorCode::kCorruptData) return outcome;
      damage = outcome.error().message();
    }
    KTSTR_TRY(cache_.discard(key, damage));
    return fail(ErrorCode::kCorruptData, "{}", damage);
  }

  Result<WarmCache::Lease> lease_of(const WarmKey& key) {
    return cache_.get(key, [&](const fs::path& directory) { return make(key, directory); }, io_.interrupted);
  }

  Status make(const WarmKey& key, const fs::path& directory) {
    if (key.scheduler_sha256.empty()) {
      log_info("building the warm image of {} with {}: this boots once", key.topology, key.kernel);
      return build(key, {}, directory);
    }
    std::string damage;
    {
      KTSTR_TRY_ASSIGN(const WarmCache::Lease base, lease_of(keys_.booted));
      log_info("building the warm image of {} with {} attached", key.topology, key.scheduler);
      Status built = build(key, {.base = &base.image, .scheduler = deliveries_.at(0)}, directory);
      if (built || built.error().code() != ErrorCode::kCorruptData) return built;
      damage = built.error().message();
    }
    KTSTR_TRY(cache_.discard(keys_.booted, damage));
    return fail(ErrorCode::kCorruptData, "{}", damage);
  }

  Status build(const WarmKey& key, const WarmSource& source, const fs::path& directory) {
    KTSTR_TRY_ASSIGN(WarmBuild built, build_warm_image(spec_, memory_layout(spec_, deliveries_), source, key, directory,
                                                       io_.interrupted));
    if (built.failure) {
      failure_ = std::move(built.failure);
      return fail(ErrorCode::kGuestLost, "the guest ended before its warm point");
    }
    if (!built.never_quiet) return ok();
    cache_.set_unfit(key);
    return fail(ErrorCode::kUnsupported, "the guest never keeps quiet at its warm point");
  }

  const GuestSpec& spec_;
  WarmCache& cache_;
  const WarmKeys& keys_;
  const Deliveries& deliveries_;
  const GuestIo& io_;
  std::optional<WarmBuild::Failure> failure_;
};

}  // namespace

Result<GuestOutcome> run_warm_guest(const GuestSpec& spec, WarmCache& cache, const WarmKeys& keys,
                                    const Deliveries& deliveries, const GuestIo& io, WarmStart& start) {
  WarmRun warm(spec, cache, keys, deliveries, io);
  Error last(ErrorCode::kInternal, "");
  for (int i = 0; i < kImageTries; ++i) {
    auto outcome = warm.run(start);
    if (outcome) return outcome;
    if (auto& failure = warm.failure()) {
      for (const Record& record : failure->records) KTSTR_TRY(io.on_record(record));
      return std::move(failure->outcome);
    }
    if (outcome.error().code() == ErrorCode::kCancelled) return outcome;
    last = std::move(outcome).error();
    if (last.code() != ErrorCode::kCorruptData) break;
  }
  log_warn("no warm image, this run boots for itself: {}", last.render());
  start = {.image = {}, .why_cold = last.message()};
  return run_guest(spec, deliveries, io);
}

}  // namespace ktstr
