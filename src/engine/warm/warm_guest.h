// SPDX-License-Identifier: Apache-2.0
//
// Runs a guest from a warm image: that of its machine with the scheduler attached, or of its booted machine where none
// is under test. What is missing is made first.
#pragma once

#include "engine/guest.h"
#include "engine/warm/warm_build.h"
#include "engine/warm/warm_cache.h"

namespace ktstr {

struct WarmKeys {
  WarmKey booted;
  std::optional<WarmKey> attached;  // there is a scheduler
};

struct WarmStart {
  std::string image;     // digest of the one that was continued; "" for none
  std::string why_cold;  // why the guest was booted for this run alone
};

// The booted machine's image, built where there is none, with a mailbox for `delivery` bytes. When the guest did not
// get to its warm point, `failure` has how it ended, and the Error does not matter.
Result<WarmCache::Lease> lease_booted_image(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, Bytes delivery,
                                            const std::function<bool()>& interrupted,
                                            std::optional<WarmBuild::Failure>& failure);

// `deliveries`: the scheduler's, where keys.attached is set, and the run's. The outcome of the boot or of the attaching
// where the guest does not get further; else of the run. Where images cannot be had (no space, no QMP) the guest is
// booted for this run alone, and `start` says why; that is slower, and the same run.
Result<GuestOutcome> run_warm_guest(const GuestSpec& spec, WarmCache& cache, const WarmKeys& keys,
                                    const Deliveries& deliveries, const GuestIo& io, WarmStart& start);

}  // namespace ktstr
