// SPDX-License-Identifier: Apache-2.0
//
// Warm images by key, shared by any number of processes and threads: who wants one that is not there builds it while
// the others wait; the least recently used go when all together outgrow the limit; what was being built by a process
// that died is removed by the next.
//
//   ROOT/KEY/            an image, complete or not there
//   ROOT/KEY.lock        shared: in use; exclusive: being built or removed
//   ROOT/KEY.unfit       this machine makes no image
//   ROOT/building.PID.*  not there yet
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/warm/warm_image.h"

namespace ktstr {

constexpr Bytes kDefaultWarmLimit = Bytes{8} << 30;

class WarmCache {
 public:
  // `limit`: of what all images take on disk.
  WarmCache(fs::path root, Bytes limit) : root_(std::move(root)), limit_(limit) {}

  // An image that cannot be removed while this exists.
  struct Lease {
    WarmImage image;
    FileLock lock;
    bool built = false;  // just now, by us
  };
  // Fills an empty directory with an image.
  using Build = std::function<Status(const fs::path& directory)>;
  // Damaged images are named in a warning and built anew. kCancelled when `interrupted` says so while waiting for
  // others.
  Result<Lease> get(const WarmKey& key, const Build& build, const std::function<bool()>& interrupted);
  // For contents that turned out to be damaged in use. What others have built meanwhile stays.
  Status discard(Lease damaged, const std::string& why, const std::function<bool()>& interrupted);

  // Machines that never keep quiet at their warm point are no images; remembered, so that not every run tries.
  bool is_unfit(const WarmKey& key) const;
  void set_unfit(const WarmKey& key) const;

  struct Entry {
    std::string digest;
    std::optional<WarmImage> image;  // absent when damaged
    std::string damage;
    std::int64_t last_used = 0;  // seconds since 1970
    bool in_use = false;
    Bytes bytes = 0;  // on disk
  };
  Result<std::vector<Entry>> list() const;  // most recently used first
  // Removes images that nobody uses, all or the named ones (a unique beginning of the digest); returns their bytes and
  // which ones are in use and stay.
  struct Cleaned {
    int removed = 0;
    Bytes bytes = 0;
    std::vector<std::string> in_use;
  };
  Result<Cleaned> clean(const std::vector<std::string>& digests);
  Bytes limit() const { return limit_; }

 private:
  fs::path lock_path(const std::string& digest) const { return root_ / (digest + ".lock"); }
  Result<WarmImage> open(const std::string& digest) const;
  Result<FileLock> wait_for(const std::string& digest, FileLock::Kind kind,
                            const std::function<bool()>& interrupted) const;
  Status build(const WarmKey& key, const Build& build) const;
  void evict(const std::string& but) const;

  fs::path root_;
  Bytes limit_;
};

}  // namespace ktstr
