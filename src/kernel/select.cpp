// SPDX-License-Identifier: Apache-2.0
#include "kernel/select.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/activity.h"
#include "base/log.h"
#include "kernel/elf.h"
#include "kernel/image.h"
#include "kernel/kernel_facts.h"
#include "kernel/version.h"

namespace ktstr {
namespace {

// "# Linux/x86 7.3.4 Kernel Configuration", third line of what kbuild writes.
bool is_config_of(const fs::path& file, std::string_view release) {
  constexpr Bytes kMostBytes = Bytes{16} << 20;
  constexpr std::string_view kHead = "# Linux/";
  const auto text = read_text(file, kMostBytes);
  if (!text) return false;
  const std::size_t head = text->find(kHead);
  if (head == std::string::npos) return false;
  std::string_view line =
      std::string_view(*text).substr(head + kHead.size(), text->find('\n', head) - head - kHead.size());
  line.remove_prefix(std::min(line.size(), line.find(' ') + 1));  // the architecture
  const std::string_view version = line.substr(0, line.find(' '));
  return !version.empty() && release.starts_with(version);
}

std::vector<fs::path> build_trees(const fs::path& image) {
  std::vector<fs::path> trees = {image.parent_path()};
  if (image.parent_path().filename() == "boot")  // TREE/arch/x86/boot/bzImage
    trees.push_back(image.parent_path().parent_path().parent_path().parent_path());
  return trees;
}

// Of a kernel that was given by path: distributions name it after the release, a build tree has one.
fs::path config_beside(const fs::path& image, const fs::path& boot_dir, const std::string& release) {
  std::error_code error;
  for (const fs::path& directory : {image.parent_path(), boot_dir})
    if (fs::path named = directory / ("config-" + release); fs::is_regular_file(named, error)) return named;
  for (const fs::path& tree : build_trees(image))
    if (fs::path config = tree / ".config"; fs::is_regular_file(config, error) && is_config_of(config, release))
      return config;
  return {};
}

KernelImage image_of(const KernelFacts& facts, fs::path vmlinux) {
  return {.vmlinux = std::move(vmlinux),
          .release = facts.release,
          .sha256 = facts.sha256,
          .key = kernel_key(facts),
          .has_sched_ext = facts.has_sched_ext,
          .has_btf = facts.btf_types > 0,
          .config = {},
          .pvh = facts.pvh};
}

// Of a kernel that was given by path: its build tree has modules, and so has this machine where the kernel is its own.
std::vector<fs::path> modules_beside(const KernelEnvironment& environment, const fs::path& image,
                                     const std::string& release) {
  std::vector<fs::path> directories = build_trees(image);
  directories.push_back(environment.modules_dir / release);
  return directories;
}

KernelImage image_of(const KernelEnvironment& environment, const KernelEntry& entry) {
  KernelImage image = image_of(entry.facts, entry.vmlinux());
  if (entry.has_config())
    image.config = entry.config();
  else if (entry.source.suite.empty())
    image.config = config_beside(entry.source.package, environment.boot_dir, entry.facts.release);
  image.fetched = !entry.source.suite.empty();
  image.modules = {entry.modules()};
  if (!image.fetched) image.modules = modules_beside(environment, entry.source.package, entry.facts.release);
  return image;
}

bool is_path(const std::string& wanted) {
  std::error_code ignored;
  return wanted.find('/') != wanted.npos || fs::is_regular_file(wanted, ignored);
}

// Of a kernel that is in the cache, as `ktstr kernel path` prints it: its facts are known, and reading and hashing the
// image again would take longer than restoring a guest.
std::optional<KernelImage> select_in_cache(const KernelEnvironment& environment, const fs::path& path) {
  const fs::path directory = path.parent_path();
  std::error_code error;
  if (!fs::equivalent(directory.parent_path(), environment.cache_root, error) || error) return {};
  const auto entry = KernelCache(environment.cache_root).find(directory.filename().string());
  if (!entry || !fs::equivalent(entry->vmlinux(), path, error) || error) return {};
  KernelImage image = image_of(environment, *entry);
  image.vmlinux = path;
  return image;
}

Result<KernelImage> select_path(const KernelEnvironment& environment, const fs::path& given) {
  std::error_code error;
  const fs::path path = fs::absolute(given, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot resolve {}", given.string()));
  if (auto known = select_in_cache(environment, path)) return *std::move(known);
  const Activity looking(fmt::format("looking into the kernel {}", given.string()));
  KTSTR_TRY_ASSIGN(ByteVector bytes, read_kernel_image(path));
  if (ElfFile::has_magic(bytes)) {
    KTSTR_TRY_ASSIGN(const ByteVector vmlinux, unpack_kernel(std::move(bytes), given.string()));
    KTSTR_TRY_ASSIGN(const KernelFacts facts, inspect_kernel(vmlinux));
    KernelImage image = image_of(facts, path);
    image.config = config_beside(path, environment.boot_dir, facts.release);
    image.modules = modules_beside(environment, path, facts.release);
    return image;
  }
  KernelCache cache(environment.cache_root);
  const KernelSource source{.suite = {}, .package = path.string(), .package_version = {}};
  KTSTR_TRY_ASSIGN(const KernelEntry entry, cache.add_image(std::move(bytes), given.string(), source));
  return image_of(environment, entry);
}

std::string release_list(const std::vector<CacheEntry>& entries) {
  std::vector<std::string> keys;
  for (const CacheEntry& item : entries) keys.push_back(item.damaged() ? item.key + " (damaged)" : item.key);
  return keys.empty() ? "nothing is cached" : fmt::format("cached: {}", fmt::join(keys, ", "));
}

Result<KernelImage> select_cached(const KernelEnvironment& environment, const std::string& wanted) {
  const KernelCache cache(environment.cache_root);
  const std::vector<CacheEntry> entries = cache.list();
  const CacheEntry* damaged = nullptr;
  // Newest last, so the last match is the one; a key matches itself only.
  for (auto item = entries.rbegin(); item != entries.rend(); ++item) {
    if (item->key != wanted && !release_matches(item->key, wanted)) continue;
    if (!item->damaged()) {
      if (damaged != nullptr) log_warn("{}", damaged->damage);
      return image_of(environment, *item->entry);
    }
    if (damaged == nullptr) damaged = &*item;
  }
  if (damaged != nullptr) {
    auto found = cache.find(damaged->key);  // again, for the error with its hint
    if (found) return image_of(environment, *found);
    return std::move(found).error();
  }
  return fail(ErrorCode::kNotFound, "no kernel '{}' ({})", wanted, release_list(entries))
      .with_hint(fmt::format("`ktstr kernel fetch {}` downloads it; a path of a bzImage or vmlinux works too", wanted));
}

// Newest first.
std::vector<fs::path> boot_images(const fs::path& boot_dir) {
  constexpr std::string_view kNamePrefix = "vmlinuz-";
  std::vector<std::string> releases;
  std::error_code error;
  for (const fs::directory_entry& item : fs::directory_iterator(boot_dir, error)) {
    const std::string name = item.path().filename().string();
    std::error_code ignored;
    if (name.starts_with(kNamePrefix) && item.is_regular_file(ignored))
      releases.push_back(name.substr(kNamePrefix.size()));
  }
  std::sort(releases.begin(), releases.end(),
            [](const std::string& a, const std::string& b) { return compare_releases(a, b) > 0; });
  std::vector<fs::path> paths;
  for (const std::string& release : releases) paths.push_back(boot_dir / (std::string(kNamePrefix) + release));
  return paths;
}

Result<KernelImage> select_default(const KernelEnvironment& environment) {
  const std::vector<CacheEntry> entries = KernelCache(environment.cache_root).list();
  for (auto item = entries.rbegin(); item != entries.rend(); ++item) {
    if (item->damaged()) log_warn("{}", item->damage);
    if (!item->damaged() && item->entry->facts.has_sched_ext) return image_of(environment, *item->entry);
  }
  std::string why;
  for (const fs::path& path : boot_images(environment.boot_dir)) {
    auto image = select_path(environment, path);
    if (image) return image;
    why += "; " + image.error().message();  // often readable by root only
  }
  return fail(ErrorCode::kNotFound, "no kernel to boot: none with sched_ext is cached ({}), none in {} is usable{}",
              release_list(entries), environment.boot_dir.string(), why)
      .with_hint("`ktstr kernel fetch` downloads one");
}

Result<KernelImage> select_named(const KernelEnvironment& environment, const std::string& wanted) {
  return is_path(wanted) ? select_path(environment, wanted) : select_cached(environment, wanted);
}

}  // namespace

Result<KernelEnvironment> KernelEnvironment::from_process() {
  KernelEnvironment environment;
  KTSTR_TRY_ASSIGN(environment.cache_root, default_cache_root(std::getenv("XDG_CACHE_HOME"), std::getenv("HOME")));
  if (const char* kernel = std::getenv("KTSTR_KERNEL"); kernel != nullptr && *kernel != '\0')
    environment.ktstr_kernel = kernel;
  return environment;
}

Result<KernelImage> select_kernel(const KernelEnvironment& environment, const std::string& wanted) {
  if (!wanted.empty()) return select_named(environment, wanted);
  if (environment.ktstr_kernel) {
    auto image = select_named(environment, *environment.ktstr_kernel)
                     .context(fmt::format("KTSTR_KERNEL={}", *environment.ktstr_kernel));
    if (!image && image.error().hint().empty())
      image.error().with_hint("correct KTSTR_KERNEL, or unset it for the default; see 'ktstr kernel list'");
    return image;
  }
  return select_default(environment);
}

}  // namespace ktstr
