// SPDX-License-Identifier: Apache-2.0
//
// Which kernel to boot: what `--kernel` and $KTSTR_KERNEL may say, and what is taken when they say nothing. Start here
// when you want a kernel; the answer is always an unpacked vmlinux that was looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "kernel/cache.h"

namespace ktstr {

struct KernelImage {
  fs::path vmlinux;  // an unpacked ELF image, in the cache unless a vmlinux was given by path
  std::string release;
  std::string sha256;
  std::string key;
  bool has_sched_ext = false;
  bool has_btf = false;  // without it nobody can see whether there is sched_ext
  fs::path config;       // the configuration that it was built with; empty: none is known
  bool pvh = false;
  std::vector<fs::path> modules = {};  // directories that may hold modules of it (module_in())
  bool fetched = false;                // from a distribution's archive, where it can be fetched again
};

// The world as far as the choice depends on it; a test gives temporary directories.
struct KernelEnvironment {
  fs::path cache_root;
  fs::path boot_dir = "/boot";
  fs::path modules_dir = "/lib/modules";
  std::optional<std::string> ktstr_kernel;  // $KTSTR_KERNEL

  // From $XDG_CACHE_HOME, $HOME and $KTSTR_KERNEL.
  static Result<KernelEnvironment> from_process();
};

// `wanted` is
//   a path (has a slash, or names an existing file) of a bzImage or vmlinux, compressed as a whole or not (.gz, .zst,
//   .xz); what is no plain vmlinux is unpacked into the cache. Its configuration is looked for beside it
//   (config-RELEASE, .config), at the root of its build tree, and in /boot, the key of a cached kernel, or a version or
//   its beginning: "7.3" is the newest cached 7.3.*.
// Empty: $KTSTR_KERNEL in the same notation; else the newest cached kernel with sched_ext; else the newest readable
// vmlinuz-* of /boot.
//
// kNotFound: no such file, nothing cached that matches (the hint says what to fetch). kInvalidArgument: the file is no
// kernel image. kCorruptData: what was asked for is in the cache, but damaged; a choice by default passes it over with
// a warning.
Result<KernelImage> select_kernel(const KernelEnvironment& environment, const std::string& wanted = {});

}  // namespace ktstr
