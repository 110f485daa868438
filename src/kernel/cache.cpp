// SPDX-License-Identifier: Apache-2.0
#include "kernel/cache.h"

#include <fcntl.h>

#include <algorithm>
#include <ctime>

#include "base/activity.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/system/user_directory.h"
#include "kernel/fetch/metadata.h"
#include "kernel/image.h"
#include "kernel/version.h"

namespace ktstr {
namespace {

using namespace literals;

constexpr std::string_view kBuildPrefix = ".new";
constexpr Bytes kLargestImage = 2_GiB;

Status sync_directory(const fs::path& path) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return fail_errno("cannot sync {}", path.string());
  return ok();
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, length};
}

// Keys become directory names: one component, and not one of our own hidden ones.
bool is_key(std::string_view key) {
  return !key.empty() && key.front() != '.' && key.find('/') == key.npos && key.find('\0') == key.npos;
}

Status put_modules(const fs::path& directory, const KernelModules& modules) {
  std::error_code error;
  if (!fs::create_directory(directory, error) || error)
    return Error::from_errno(error.value(), fmt::format("cannot create {}", directory.string()));
  for (const auto& [name, bytes] : modules) KTSTR_TRY(write_atomically(directory / (name + ".ko"), bytes));
  return sync_directory(directory);
}

// What to fetch to get a damaged entry back: the release in front of the hash.
std::string release_in_key(std::string_view key) {
  const std::size_t dash = key.rfind('-');
  return std::string(key.substr(0, dash));
}

// A kernel that was given by path cannot be fetched again, only stored again.
Error damaged(std::string_view key, const std::string& why, const KernelSource* source = nullptr) {
  const std::string again = source != nullptr && source->suite.empty()
                                ? fmt::format("`--kernel {}` stores it again", source->package)
                                : fmt::format("`ktstr kernel fetch {}` replaces it", release_in_key(key));
  return fail(ErrorCode::kCorruptData, "cached kernel {} is damaged: {}", key, why)
      .with_hint(fmt::format("{}, `ktstr kernel remove {}` removes it", again, key));
}

}  // namespace

Result<FileLock> KernelCache::lock() const {
  std::error_code error;
  fs::create_directories(root_, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot create {}", root_.string()));
  return FileLock::acquire(root_ / ".lock", FileLock::Kind::kExclusive);
}

Status KernelCache::verify(const KernelEntry& entry) const {
  const Activity checking(fmt::format("checking the cached kernel {}", entry.key));
  auto digest = sha256_file(entry.vmlinux());
  if (!digest) return damaged(entry.key, digest.error().message(), &entry.source);
  if (*digest != entry.facts.sha256)
    return damaged(entry.key, "vmlinux has another SHA-256 than when it was stored", &entry.source);
  return ok();
}

// Quick when the file was not touched since it was last verified; else hashes it and remembers the outcome.
Status KernelCache::check_image(KernelEntry& entry) const {
  auto stamp = stamp_of(entry.vmlinux());
  if (!stamp) return damaged(entry.key, stamp.error().message(), &entry.source);
  if (stamp->size != entry.facts.size)
    return damaged(entry.key, fmt::format("vmlinux has {} bytes instead of {}", stamp->size, entry.facts.size),
                   &entry.source);
  if (*stamp == entry.verified) return ok();
  KTSTR_TRY(verify(entry));
  entry.verified = *stamp;
  const auto written = write_atomically(entry.directory / "metadata.json", as_byte_span(render_metadata(entry)));
  if (!written) log_debug("cannot remember that {} is verified: {}", entry.key, written.error().message());
  return ok();
}

Result<KernelEntry> KernelCache::read_entry(const fs::path& directory) const {
  const std::string key = directory.filename().string();
  auto text = read_text(directory / "metadata.json", 1_MiB);
  if (!text) return damaged(key, text.error().message());
  auto entry = parse_metadata(*text);
  if (!entry) return damaged(key, entry.error().message());
  if (entry->key != key || kernel_key(entry->facts) != key)
    return damaged(key, fmt::format("metadata.json is about {}", entry->key));
  entry->directory = directory;
  KTSTR_TRY(check_image(*entry));
  return entry;
}

std::vector<CacheEntry> KernelCache::list() const {
  std::vector<CacheEntry> found;
  std::error_code error;
  for (const fs::directory_entry& item : fs::directory_iterator(root_, error)) {
    std::error_code ignored;
    const std::string key = item.path().filename().string();
    if (!is_key(key) || !item.is_directory(ignored)) continue;
    auto entry = read_entry(item.path());
    if (entry)
      found.push_back({.key = key, .entry = *std::move(entry), .damage = {}});
    else if (fs::exists(item.path(), ignored))  // else it was removed or replaced while we looked
      found.push_back({.key = key, .entry = {}, .damage = entry.error().message()});
  }
  if (error && error != std::errc::no_such_file_or_directory)
    log_warn("cannot read the kernel cache {}: {}", root_.string(), error.message());
  std::sort(found.begin(), found.end(), [](const CacheEntry& a, const CacheEntry& b) {
    const auto order = compare_releases(release_in_key(a.key), release_in_key(b.key));
    return order != 0 ? order < 0 : a.key < b.key;
  });
  return found;
}

Result<KernelEntry> KernelCache::find(std::string_view key) const {
  std::error_code ignored;
  if (!is_key(key) || !fs::is_directory(root_ / key, ignored))
    return fail(ErrorCode::kNotFound, "no cached kernel has the key {}", key)
        .with_hint("`ktstr kernel list` shows what is cached");
  return read_entry(root_ / key);
}

Result<KernelEntry> KernelCache::add_image(const fs::path& image, const KernelSource& source,
                                           const std::optional<fs::path>& config) {
  KTSTR_TRY_ASSIGN(ByteVector bytes, read_kernel_image(image));
  std::string config_text;
  if (config) {
    KTSTR_TRY_ASSIGN(config_text, read_text(*config, 16_MiB));
  }
  return add_image(std::move(bytes), image.string(), source, config_text);
}

Result<KernelEntry> KernelCache::add_image(ByteVector image, std::string_view name, const KernelSource& source,
                                           std::string_view config, const std::optional<KernelModules>& modules) {
  const Activity unpacking(fmt::format("unpacking the kernel {}", name));
  KTSTR_TRY_ASSIGN(const ByteVector vmlinux, unpack_kernel(std::move(image), name));
  KTSTR_TRY_ASSIGN(KernelFacts facts, inspect_kernel(vmlinux));
  KernelEntry entry;
  entry.key = kernel_key(facts);
  entry.directory = root_ / entry.key;
  entry.facts = std::move(facts);
  entry.source = source;
  entry.fetched_at = utc_now();

  KTSTR_TRY_ASSIGN(const FileLock held, lock());
  remove_stale_dirs(root_, kBuildPrefix);
  std::error_code ignored;
  if (fs::exists(entry.directory, ignored)) {
    auto existing = read_entry(entry.directory);
    const bool has_all =
        existing && (config.empty() || existing->has_config()) && (!modules || existing->has_modules());
    if (has_all && (source.suite.empty() || existing->source == source)) return existing;
    if (!existing) log_info("replacing: {}", existing.error().message());
  }
  KTSTR_TRY_ASSIGN(const TempDir build, TempDir::create(root_, kBuildPrefix));
  // mkdtemp(3) makes it private; a cache may be shared between users.
  fs::permissions(build.path(), fs::perms(0755), ignored);
  KTSTR_TRY(write_atomically(build.path() / "vmlinux", vmlinux));
  if (!config.empty()) KTSTR_TRY(write_atomically(build.path() / "config", as_byte_span(config)));
  if (modules) KTSTR_TRY(put_modules(build.path() / "modules", *modules));
  KTSTR_TRY_ASSIGN(entry.verified, stamp_of(build.path() / "vmlinux"));
  KTSTR_TRY(write_atomically(build.path() / "metadata.json", as_byte_span(render_metadata(entry))));
  KTSTR_TRY(sync_directory(build.path()));
  KTSTR_TRY(replace(build.path(), entry.directory));
  return entry;
}

// rename(2) does not replace a directory that has files, so the old entry steps aside first. Between the two renames
// the key does not exist, which a reader takes for "not cached".
Status KernelCache::replace(const fs::path& built, const fs::path& target) {
  std::error_code error;
  std::optional<TempDir> aside;
  if (fs::exists(target, error)) {
    KTSTR_TRY_ASSIGN(aside, TempDir::create(root_, kBuildPrefix));
    fs::rename(target, aside->path() / "old", error);
    if (error) return Error::from_errno(error.value(), fmt::format("cannot move {} aside", target.string()));
  }
  fs::rename(built, target, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot create {}", target.string()));
  return sync_directory(root_);
}

Status KernelCache::remove(std::string_view key) {
  std::error_code error;
  if (!is_key(key) || !fs::is_directory(root_ / key, error))
    return fail(ErrorCode::kNotFound, "no cached kernel has the key {}", key)
        .with_hint("`ktstr kernel list` shows what is cached");
  KTSTR_TRY_ASSIGN(const FileLock held, lock());
  KTSTR_TRY_ASSIGN(const TempDir aside, TempDir::create(root_, kBuildPrefix));
  fs::rename(root_ / key, aside.path() / "old", error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot remove cached kernel {}", key));
  return ok();
}

Result<fs::path> default_cache_root(const char* xdg_cache_home, const char* home) {
  KTSTR_TRY_ASSIGN(const fs::path cache, user_directory(xdg_cache_home, home, ".cache").context("the kernel cache"));
  return cache / "ktstr" / "kernels";
}

Result<ByteVector> read_kernel_image(const fs::path& image) {
  std::error_code error;
  const fs::file_status status = fs::status(image, error);
  if (fs::is_directory(status))
    return fail(ErrorCode::kInvalidArgument, "{} is a directory, not a kernel image", image.string())
        .with_hint("for a kernel's build tree, give its arch/x86/boot/bzImage or its vmlinux");
  if (fs::exists(status) && !fs::is_regular_file(status))
    return fail(ErrorCode::kInvalidArgument, "{} is not a kernel image (not a regular file)", image.string());
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(image, O_RDONLY));
  ByteVector head(1024);
  const ssize_t got = ::pread(fd.get(), head.data(), head.size(), 0);
  if (got < 0) return fail_errno("cannot read {}", image.string());
  head.resize(static_cast<std::size_t>(got));
  if (!looks_like_kernel_image(head))
    return fail(ErrorCode::kInvalidArgument, "{} is not a kernel image (neither bzImage nor ELF vmlinux)",
                image.string());
  return read_bytes(image, kLargestImage);
}

}  // namespace ktstr
