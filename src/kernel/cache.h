// SPDX-License-Identifier: Apache-2.0
//
// The kernel cache: one directory per kernel, named by what is in it ("7.3.4+deb13-cloud-amd64-0123456789ab"), with the
// unpacked `vmlinux`, the `config` where there is one, the `modules` that work types need, and `metadata.json`. Entries
// appear whole or not at all and are never changed in place; any number of processes may use and fill one cache.
// Nothing is trusted because it is there: an entry whose image is no longer the one that was stored is reported as
// damaged, is never used, and is replaced when the same kernel is added again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/system/file_stamp.h"
#include "kernel/kernel_facts.h"
#include "kernel/modules.h"

namespace ktstr {

// Where a kernel came from. For an image given by path: suite and version are empty, package is the path.
struct KernelSource {
  std::string suite;            // "trixie-backports"
  std::string package;          // "linux-binary-7.3.4+deb13-cloud-amd64"
  std::string package_version;  // "7.3.4-1~bpo13+1"
  bool operator==(const KernelSource&) const = default;
};

struct KernelEntry {
  std::string key;
  fs::path directory;
  KernelFacts facts;
  KernelSource source;
  std::string fetched_at;  // UTC, "2026-01-31T12:00:00Z"
  FileStamp verified;      // of the vmlinux, when its contents were last known to be right

  fs::path vmlinux() const { return directory / "vmlinux"; }
  // Only there when has_config().
  fs::path config() const { return directory / "config"; }
  bool has_config() const {
    std::error_code ignored;
    return fs::exists(config(), ignored);
  }
  // As NAME.ko, uncompressed. Not there where nobody has looked for them; empty where there are none.
  fs::path modules() const { return directory / "modules"; }
  bool has_modules() const {
    std::error_code ignored;
    return fs::is_directory(modules(), ignored);
  }
};

// What list() says about one directory of the cache.
struct CacheEntry {
  std::string key;                   // the directory's name
  std::optional<KernelEntry> entry;  // absent when damaged
  std::string damage;                // why it cannot be used, "" when it can

  bool damaged() const { return !entry.has_value(); }
};

class KernelCache {
 public:
  // The directory is created when something is added.
  explicit KernelCache(fs::path root) : root_(std::move(root)) {}

  const fs::path& root() const { return root_; }

  // All entries, oldest release first. Files whose stamp changed are hashed again. A cache that does not exist is
  // empty.
  std::vector<CacheEntry> list() const;
  // kNotFound when there is no such entry, kCorruptData (with the way out) when it is damaged.
  Result<KernelEntry> find(std::string_view key) const;
  // Hashes the whole image. kCorruptData when it is not what was stored.
  Status verify(const KernelEntry& entry) const;

  // Unpacks and stores an image (bzImage or vmlinux). An undamaged entry of the same kernel is kept and returned.
  Result<KernelEntry> add_image(const fs::path& image, const KernelSource& source,
                                const std::optional<fs::path>& config = {});
  Result<KernelEntry> add_image(ByteVector image, std::string_view name, const KernelSource& source,
                                std::string_view config = {}, const std::optional<KernelModules>& modules = {});
  // kNotFound when there is no such entry. Damaged ones can be removed too. A guest that has booted from it runs on.
  Status remove(std::string_view key);

 private:
  Result<KernelEntry> read_entry(const fs::path& directory) const;
  Status check_image(KernelEntry& entry) const;
  Status replace(const fs::path& built, const fs::path& target);
  Result<FileLock> lock() const;

  fs::path root_;
};

// $XDG_CACHE_HOME/ktstr/kernels, or ~/.cache/ktstr/kernels. `xdg_cache_home` and `home` are the environment's values,
// null when unset; kInvalidArgument when neither helps.
Result<fs::path> default_cache_root(const char* xdg_cache_home, const char* home);

// A file that may be a kernel image, whole. Looks at its beginning first, so that an ordinary large file is refused
// quickly; kInvalidArgument for what is not a regular file or not a kernel image.
Result<ByteVector> read_kernel_image(const fs::path& image);

}  // namespace ktstr
