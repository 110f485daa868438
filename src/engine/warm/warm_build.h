// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "engine/guest.h"
#include "engine/warm/warm_image.h"

namespace ktstr {

// Where an image's machine comes from.
struct WarmSource {
  const WarmImage* base = nullptr;        // null: it boots
  std::optional<GuestDelivery> delivery;  // with a base: what the machine gets on the way
};

// What came of it: saved, or the guest did not get to its warm point, or it never keeps quiet there.
struct WarmBuild {
  struct Failure {
    GuestOutcome outcome;
    std::vector<Record> records;
  };
  std::optional<Failure> failure;
  bool never_quiet = false;
};

// Brings the spec's machine to its warm point and saves it into `directory`, which exists and is empty. kCorruptData:
// the base image is damaged; other Errors: the machine could not be started or saved.
Result<WarmBuild> build_warm_image(const GuestSpec& spec, const MemoryLayout& layout, const WarmSource& source,
                                   const WarmKey& key, const fs::path& directory,
                                   const std::function<bool()>& interrupted);

// For a machine with late CPUs, once it is continued with all of them (engine/qemu/late_cpus.h).
const GuestDelivery& all_cpus();

// The image that a machine boots for: with all its CPUs, those that come late included.
Result<WarmBuild> build_booted_image(const GuestSpec& spec, const MemoryLayout& layout, const WarmKey& key,
                                     const fs::path& directory, const std::function<bool()>& interrupted);

}  // namespace ktstr
