// SPDX-License-Identifier: Apache-2.0
#include "engine/warm/warm_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <numeric>
#include <thread>

#include "base/activity.h"
#include "base/log.h"

namespace ktstr {

namespace {

constexpr const char* kLastUsed = "last_used";  // its modification time says when
constexpr const char* kBuilding = "building";
constexpr const char* kUnfit = ".unfit";
constexpr int kDigestLength = 32;
constexpr int kMostTries = 3;

bool is_digest(const std::string& name) {
  return name.size() == kDigestLength && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void touch(const fs::path& path) {
  if (const auto fd = open_file(path, O_WRONLY | O_CREAT)) ::futimens(fd->get(), nullptr);
}

std::int64_t modified(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mtime : 0;
}

Bytes bytes_on_disk(const fs::path& directory) {
  Bytes sum = 0;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(directory, error)) {
    struct stat status {};
    if (::stat(file.path().c_str(), &status) == 0) sum += static_cast<Bytes>(status.st_blocks) * 512;
  }
  return sum;
}

// Not in place: somebody may look at it meanwhile, and a process killed in the middle leaves no half image.
Status remove_image(const fs::path& root, const std::string& digest) {
  KTSTR_TRY_ASSIGN(const TempDir grave, TempDir::create(root, kBuilding));
  std::error_code error;
  fs::rename(root / digest, grave.path() / digest, error);
  if (error) return fail(ErrorCode::kIo, "cannot remove {}: {}", (root / digest).string(), error.message());
  return ok();
}

}  // namespace

Result<WarmImage> WarmCache::open(const std::string& digest) const {
  KTSTR_TRY_ASSIGN(WarmImage image, WarmImage::open(root_ / digest));
  if (image.key().digest() != digest)
    return fail(ErrorCode::kCorruptData, "it is the image {} under another name", image.key().digest());
  return image;
}

Result<FileLock> WarmCache::wait_for(const std::string& digest, FileLock::Kind kind,
                                     const std::function<bool()>& interrupted) const {
  std::optional<Activity> waiting;
  for (;;) {
    auto lock = FileLock::try_acquire(lock_path(digest), kind);
    if (lock || lock.error().code() != ErrorCode::kBusy) return lock;
    if (interrupted && interrupted()) return fail(ErrorCode::kCancelled, "interrupted");
    if (!waiting) {
      log_info("another run is building or removing warm image {}: waiting", digest);
      waiting.emplace("waiting for another run, which builds or removes warm image " + digest);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Status WarmCache::build(const WarmKey& key, const Build& build) const {
  KTSTR_TRY_ASSIGN(TempDir directory, TempDir::create(root_, kBuilding));
  KTSTR_TRY(build(directory.path()));
  touch(directory.path() / kLastUsed);
  std::error_code error;
  fs::rename(directory.path(), root_ / key.digest(), error);
  if (error) return fail(ErrorCode::kIo, "cannot put the warm image into {}: {}", root_.string(), error.message());
  directory.release();
  return ok();
}

Result<WarmCache::Lease> WarmCache::get(const WarmKey& key, const Build& make,
                                        const std::function<bool()>& interrupted) {
  std::error_code error;
  fs::create_directories(root_, error);
  if (error) return fail(ErrorCode::kIo, "cannot make {}: {}", root_.string(), error.message());
  remove_stale_dirs(root_, kBuilding);
  const std::string digest = key.digest();
  bool built = false;
  for (int i = 0; i < kMostTries; ++i) {
    {
      KTSTR_TRY_ASSIGN(FileLock lock, wait_for(digest, FileLock::Kind::kShared, interrupted));
      auto image = open(digest);
      if (image) {
        touch(root_ / digest / kLastUsed);
        return Lease{*std::move(image), std::move(lock), built};
      }
      if (fs::exists(root_ / digest, error))
        log_warn("warm image {} is damaged and is built anew: {}", digest, image.error().message());
    }
    KTSTR_TRY_ASSIGN(const FileLock lock, wait_for(digest, FileLock::Kind::kExclusive, interrupted));
    if (open(digest)) continue;  // somebody else was faster
    if (fs::exists(root_ / digest, error)) KTSTR_TRY(remove_image(root_, digest));
    KTSTR_TRY(build(key, make));
    built = true;
    evict(digest);
  }
  return fail(ErrorCode::kIo, "warm image {} does not stay in {}", digest, root_.string());
}

Status WarmCache::discard(Lease damaged, const std::string& why, const std::function<bool()>& interrupted) {
  const std::string digest = damaged.image.key().digest(), checksum = damaged.image.checksum();
  log_warn("warm image {} is damaged and is built anew: {}", digest, why);
  { const Lease gone = std::move(damaged); }
  KTSTR_TRY_ASSIGN(const FileLock lock, wait_for(digest, FileLock::Kind::kExclusive, interrupted));
  const auto now = open(digest);
  if (now && now->checksum() != checksum) return ok();
  std::error_code error;
  if (!fs::exists(root_ / digest, error)) return ok();
  return remove_image(root_, digest);
}

bool WarmCache::is_unfit(const WarmKey& key) const {
  std::error_code error;
  return fs::exists(root_ / (key.digest() + kUnfit), error);
}

void WarmCache::set_unfit(const WarmKey& key) const { touch(root_ / (key.digest() + kUnfit)); }

Result<std::vector<WarmCache::Entry>> WarmCache::list() const {
  std::vector<Entry> entries;
  std::error_code error;
  for (const auto& directory : fs::directory_iterator(root_, error)) {
    const std::string digest = directory.path().filename().string();
    if (!is_digest(digest)) continue;
    Entry entry{.digest = digest,
                .image = {},
                .damage = {},
                .last_used = modified(directory.path() / kLastUsed),
                .bytes = bytes_on_disk(directory.path())};
    auto image = open(digest);
    if (image)
      entry.image = *std::move(image);
    else
      entry.damage = image.error().message();
    entry.in_use = !FileLock::try_acquire(lock_path(digest), FileLock::Kind::kExclusive).has_value();
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(b.last_used, a.digest) < std::tie(a.last_used, b.digest);
  });
  return entries;
}

void WarmCache::evict(const std::string& but) const {
  const auto entries = list();
  if (!entries) return;
  Bytes total = std::accumulate(entries->begin(), entries->end(), Bytes{0},
                                [](Bytes sum, const Entry& entry) { return sum + entry.bytes; });
  for (auto entry = entries->rbegin(); entry != entries->rend() && total > limit_; ++entry) {
    if (entry->digest == but) continue;
    const auto lock = FileLock::try_acquire(lock_path(entry->digest), FileLock::Kind::kExclusive);
    if (!lock || !remove_image(root_, entry->digest)) continue;
    log_info("removed warm image {} ({}): the cache may hold {}", entry->digest, format_bytes(entry->bytes),
             format_bytes(limit_));
    total -= entry->bytes;
  }
}

Result<WarmCache::Cleaned> WarmCache::clean(const std::vector<std::string>& digests) {
  KTSTR_TRY_ASSIGN(const auto entries, list());
  Cleaned cleaned;
  for (const std::string& wanted : digests) {
    const auto matches = std::count_if(entries.begin(), entries.end(),
                                       [&](const Entry& entry) { return entry.digest.starts_with(wanted); });
    if (matches != 1)
      return fail(ErrorCode::kInvalidArgument, "{} warm images begin with '{}'", matches, wanted)
          .with_hint("`ktstr warm list` shows them");
  }
  for (const Entry& entry : entries) {
    const bool meant = digests.empty() || std::any_of(digests.begin(), digests.end(), [&](const std::string& wanted) {
                         return entry.digest.starts_with(wanted);
                       });
    if (!meant) continue;
    const auto lock = FileLock::try_acquire(lock_path(entry.digest), FileLock::Kind::kExclusive);
    if (!lock) {
      cleaned.in_use.push_back(entry.digest);
      continue;
    }
    std::error_code error;
    if (!fs::exists(root_ / entry.digest, error)) continue;  // somebody else was faster
    KTSTR_TRY(remove_image(root_, entry.digest));
    ++cleaned.removed;
    cleaned.bytes += entry.bytes;
  }
  remove_stale_dirs(root_, kBuilding);
  return cleaned;
}

}  // namespace ktstr
