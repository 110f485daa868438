// SPDX-License-Identifier: Apache-2.0
#include "workload/outside/null_disk.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/log.h"

namespace ktstr {

namespace {

constexpr const char* kHowToGetModules =
    "`ktstr kernel fetch` gets a kernel with its modules; of a kernel given by path they are looked for in its build "
    "tree and in /lib/modules";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Status load_module(const DiskRoots& roots, const std::string& name, const char* parameters) {
  const fs::path path = roots.modules / (name + ".ko");
  if (!is_there(path))
    return fail(ErrorCode::kUnsupported, "the kernel's module {} is not here ({})", name, path.string())
        .with_hint(kHowToGetModules);
  KTSTR_TRY_ASSIGN(const Fd file, open_file(path, O_RDONLY));
  if (::syscall(SYS_finit_module, file.get(), parameters, 0) == 0 || errno == EEXIST) return ok();
  return fail(ErrorCode::kUnsupported, "the kernel does not load its module {}: {}", name,
              fail_errno("finit_module").message());
}

Status mount_configfs(const fs::path& config) {
  if (is_there(config / "nullb") || ::mount("configfs", config.c_str(), "configfs", MS_NOSUID, nullptr) == 0 ||
      errno == EBUSY)
    return ok();
  return fail_errno("cannot mount configfs on {}", config.string());
}

Status set_up(const fs::path& directory, const DiskSpec& spec) {
  constexpr Bytes kMib = Bytes{1} << 20;
  const std::pair<const char*, std::string> attributes[] = {
      {"size", fmt::format("{}", (spec.size + kMib - 1) / kMib)},
      {"blocksize", "512"},
      {"memory_backed", "1"},
      {"cache_size", "1"},  // MiB; with a write cache, a sync is a request of its own
      {"irqmode", "2"},     // by a timer
      {"completion_nsec", fmt::format("{}", spec.latency.count())},
      {"power", "1"}};
  for (const auto& [name, value] : attributes) KTSTR_TRY(write_text(directory / name, value).context("make a disk"));
  return ok();
}

}  // namespace

Status load_disk_modules(const DiskRoots& roots) {
  const fs::path config = roots.sys / "kernel/config";
  if (!is_there(config)) KTSTR_TRY(load_module(roots, "configfs", ""));
  if (!is_there(roots.sys / "module/null_blk")) KTSTR_TRY(load_module(roots, "null_blk", "nr_devices=0"));
  return mount_configfs(config);
}

Result<NullDisk> NullDisk::create(const DiskSpec& spec, const DiskRoots& roots) {
  static std::atomic<int> made = 0;
  KTSTR_TRY(load_disk_modules(roots));
  const std::string name = fmt::format("ktstr{}", made++);
  const fs::path directory = roots.sys / "kernel/config/nullb" / name;
  if (::mkdir(directory.c_str(), 0755) != 0) return fail_errno("cannot make the disk {}", directory.string());
  NullDisk disk(directory, roots.dev / name);
  KTSTR_TRY(set_up(directory, spec));
  return disk;
}

NullDisk::NullDisk(NullDisk&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), device_(std::move(other.device_)) {}

NullDisk::~NullDisk() {
  if (!directory_.empty() && ::rmdir(directory_.c_str()) != 0)
    log_warn("the disk {} stays: {}", directory_.string(), fail_errno("rmdir").message());
}

Result<Fd> NullDisk::open(int flags) const { return open_file(device_, flags); }

Status add_disk(GroupResources& shared, const DiskSpec& spec, int flags) {
  KTSTR_TRY_ASSIGN(NullDisk made, NullDisk::create(spec));
  auto disk = std::make_shared<NullDisk>(std::move(made));
  auto file = disk->open(flags);
  shared.add_undo([kept = std::move(disk)]() mutable { kept.reset(); });
  if (!file) return std::move(file).error();
  shared.add_file(*std::move(file));
  return ok();
}

}  // namespace ktstr
