// SPDX-License-Identifier: Apache-2.0
//
// The files that went into guests, each kept once under the sha256 of its contents, compressed with zstd:
// STATE/objects/SHA256. Runs share them through hard links in RUN/objects/, so a run's directory is complete by itself,
// also when it is copied to another machine, and an object that no run has is one with a single link.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace ktstr {

// An object without a run may be one whose run is just being written.
constexpr std::chrono::hours kUnusedObjectsKept{1};

class ObjectStore {
 public:
  explicit ObjectStore(const fs::path& state_dir) : dir_(state_dir / "objects") {}

  // Stores `bytes`, whose sha256 is `sha`, and puts them into `run_dir`. What is there already is not compressed again.
  Status keep(const std::string& sha, ByteSpan bytes, const fs::path& run_dir) const;
  // From `run_dir` or else from the store. kNotFound; kCorruptData for what is not what was stored, with the file's
  // name.
  Result<ByteVector> read(const std::string& sha, const fs::path& run_dir) const;
  // Removes what no run has and was not used for `age`; returns how many. Nothing while another process stores.
  Result<std::size_t> prune(std::chrono::seconds age = kUnusedObjectsKept) const;

 private:
  Status store(const std::string& sha, ByteSpan bytes) const;
  fs::path dir_;
};

}  // namespace ktstr
