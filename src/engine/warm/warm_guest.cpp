// SPDX-License-Identifier: Apache-2.0
#include "engine/warm/warm_guest.h"

#include <mutex>
#include <set>

#include "base/activity.h"
#include "base/log.h"
#include "engine/machine.h"

namespace ktstr {

namespace {

constexpr int kImageTries = 2;

// "/usr/bin/scx_x -v" -> "scx_x".
std::string program_of(const std::string& command) {
  return fs::path(command.substr(0, command.find(' '))).filename().string();
}

// Many runs have the same reason: it is said once.
bool is_new_reason(const std::string& reason) {
  static std::mutex mutex;
  static std::set<std::string> said;
  const std::lock_guard lock(mutex);
  return said.insert(reason).second;
}

// A second try, or a boot instead, cannot go better: the user wants an end, or QEMU does not speak.
bool is_final(const Error& error) {
  return error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kTimedOut;
}

class WarmRun {
 public:
  WarmRun(const GuestSpec& spec, WarmCache& cache, const WarmKeys& keys, const Deliveries& deliveries,
          const GuestIo& io)
      : spec_(spec), cache_(cache), keys_(keys), deliveries_(deliveries), io_(io) {}

  Result<GuestOutcome> run(WarmStart& start) {
    const bool fit = keys_.attached && !cache_.is_unfit(*keys_.attached);
    auto outcome = fit ? fork_attached(start) : fork(lease_booted(), deliveries_, start);
    const bool turned_out_unfit = fit && !outcome && cache_.is_unfit(*keys_.attached);
    return turned_out_unfit ? fork(lease_booted(), deliveries_, start) : std::move(outcome);
  }
  // Of the machine that was to become an image, when it ended before.
  std::optional<WarmBuild::Failure>& failure() { return failure_; }

 private:
  Result<GuestOutcome> fork_attached(WarmStart& start) {
    const WarmKey& key = *keys_.attached;
    auto make = [&](const fs::path& directory) { return attach(key, directory); };
    return fork(cache_.get(key, make, io_.interrupted), {deliveries_.at(1)}, start);
  }

  Result<WarmCache::Lease> lease_booted() {
    const Bytes size = largest(deliveries_);
    return lease_booted_image(spec_, cache_, keys_.booted, size, io_.interrupted, failure_);
  }

  // kCorruptData: the image was damaged, and is no more.
  Result<GuestOutcome> fork(Result<WarmCache::Lease> lease, const Deliveries& deliveries, WarmStart& start) {
    if (!lease) return std::move(lease).error();
    start = {.image = lease->image.key().digest(), .why_cold = {}};
    auto outcome = fork_guest(spec_, lease->image, memory_layout(spec_, largest(deliveries_)), deliveries, io_);
    if (outcome || outcome.error().code() != ErrorCode::kCorruptData) return outcome;
    KTSTR_TRY(cache_.discard(*std::move(lease), outcome.error().message(), io_.interrupted));
    return outcome;
  }

  Status attach(const WarmKey& key, const fs::path& directory) {
    KTSTR_TRY_ASSIGN(WarmCache::Lease base, lease_booted());
    const Activity building(fmt::format("building the image of {} with {} and {} attached, first run only",
                                        key.topology, key.kernel, program_of(key.scheduler)));
    log_info("building the warm image of {} with {} attached", key.topology, key.scheduler);
    auto built =
        build_warm_image(spec_, memory_layout(spec_, largest(deliveries_)),
                         {.base = &base.image, .delivery = deliveries_.at(0)}, key, directory, io_.interrupted);
    if (!built) {
      if (built.error().code() != ErrorCode::kCorruptData) return std::move(built).error();
      KTSTR_TRY(cache_.discard(std::move(base), built.error().message(), io_.interrupted));
      return std::move(built).error();
    }
    if (built->failure) {
      failure_ = std::move(built->failure);
      return fail(ErrorCode::kGuestLost, "the scheduler was not attached");
    }
    if (!built->never_quiet) return ok();
    cache_.set_unfit(key);
    return fail(ErrorCode::kUnsupported, "the scheduler never keeps quiet");
  }

  const GuestSpec& spec_;
  WarmCache& cache_;
  const WarmKeys& keys_;
  const Deliveries& deliveries_;
  const GuestIo& io_;
  std::optional<WarmBuild::Failure> failure_;
};

}  // namespace

Result<WarmCache::Lease> lease_booted_image(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, Bytes delivery,
                                            const std::function<bool()>& interrupted,
                                            std::optional<WarmBuild::Failure>& failure) {
  auto build = [&](const fs::path& directory) -> Status {
    const Activity building(fmt::format("building the image of {} with {}, first run only", key.topology, key.kernel));
    log_info("building the warm image of {} with {}: this boots once", key.topology, key.kernel);
    KTSTR_TRY_ASSIGN(WarmBuild built,
                     build_booted_image(spec, memory_layout(spec, delivery), key, directory, interrupted));
    if (built.never_quiet) return fail(ErrorCode::kUnsupported, "the booted guest never keeps quiet");
    if (!built.failure) return ok();
    failure = std::move(built.failure);
    return fail(ErrorCode::kGuestLost, "the guest did not come up");
  };
  return cache.get(key, build, interrupted);
}

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
    if (is_final(outcome.error())) return outcome;
    last = std::move(outcome).error();
    if (last.code() != ErrorCode::kCorruptData) break;
  }
  if (is_new_reason(last.message())) log_warn("no warm image, this run boots for itself: {}", last.render());
  start = {.image = {}, .why_cold = last.message()};
  return run_guest(spec, deliveries, io);
}

}  // namespace ktstr
