// SPDX-License-Identifier: Apache-2.0
//
// Runs a guest from its machine's warm image, which is built first where there is none.
#pragma once

#include "engine/guest.h"
#include "engine/warm_cache.h"

namespace ktstr {

struct WarmStart {
  enum class Kind { kCold, kForked, kBuiltAndForked } kind = Kind::kCold;
  std::string image;  // its digest
  std::string why_cold;
};

// The machine's image, built where there is none. When the guest did not get to its warm point, `failed_boot` has how
// it ended, and the Error does not matter.
Result<WarmCache::Lease> lease_warm_image(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, Bytes delivery,
                                          const std::function<bool()>& interrupted,
                                          std::optional<GuestOutcome>& failed_boot);

// An outcome of the boot where the guest does not come up; else of the run. Where images cannot be had (no space, no
// QMP) the guest is booted for this run alone, and `start` says why; that is slower, and the same run.
Result<GuestOutcome> run_warm_guest(const GuestSpec& spec, WarmCache& cache, const WarmKey& key, ByteSpan delivery,
                                    const GuestIo& io, WarmStart& start);

}  // namespace ktstr
