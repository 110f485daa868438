// SPDX-License-Identifier: Apache-2.0
#include "cli/first_kernel.h"

#include <cstdlib>
#include <string_view>

#include "base/activity.h"
#include "base/file.h"
#include "base/log.h"
#include "kernel/fetch/apt.h"
#include "kernel/fetch/debian.h"

namespace ktstr::cli {

namespace {

bool may_fetch() {
  const char* value = std::getenv("KTSTR_KERNEL_FETCH");
  const std::string_view wanted = value != nullptr ? value : "";
  if (!wanted.empty() && wanted != "auto" && wanted != "never")
    log_warn("KTSTR_KERNEL_FETCH '{}'; accepted: auto (the default), never, which is used", wanted);
  return wanted.empty() || wanted == "auto";
}

// That there is none is this machine's lack, not a mistake of the caller.
Error lack_of_kernel(const Error& error) {
  return Error(ErrorCode::kUnsupported, error.message()).with_hint(error.hint());
}

}  // namespace

Result<KernelImage> default_or_first_kernel(const KernelEnvironment& environment) {
  auto image = select_kernel(environment);
  if (image || environment.ktstr_kernel || image.error().code() != ErrorCode::kNotFound) return image;
  if (!may_fetch()) return lack_of_kernel(image.error());

  const Activity waiting("waiting for the first kernel");
  std::error_code error;
  fs::create_directories(environment.cache_root, error);
  if (error)
    return Error::from_errno(error.value(), fmt::format("cannot create {}", environment.cache_root.string()))
        .with_hint("set XDG_CACHE_HOME to a directory that you may write to");
  KTSTR_TRY_ASSIGN(const FileLock lock,
                   FileLock::acquire(environment.cache_root / ".first", FileLock::Kind::kExclusive));
  image = select_kernel(environment);  // somebody else may have fetched it in the meantime
  if (image || image.error().code() != ErrorCode::kNotFound) return image;

  // For everyone to see: it takes a while, and comes from the network.
  log_warn("no kernel to boot yet: fetching the newest with sched_ext from Debian into {}, this once",
           environment.cache_root.string());
  KernelCache cache(environment.cache_root);
  const auto fetched =
      fetch_debian_kernel(cache, {.what = {}, .mirror = debian_mirror(std::getenv("KTSTR_DEBIAN_MIRROR"))});
  if (fetched) return select_kernel(environment, fetched->key);
  return Error(ErrorCode::kUnsupported,
               fmt::format("no kernel to boot, and none could be fetched: {}", fetched.error().message()))
      .with_hint(fetched.error().hint());
}

}  // namespace ktstr::cli
