// SPDX-License-Identifier: Apache-2.0
//
// Prebuilt kernels out of Debian's archive: the cloud flavour, which boots fast and has what a guest needs built in.
// Any suite of any release can be asked for, whatever this machine runs; nothing is installed. Where a suite keeps the
// image differs by age (linux-image-REL with /boot/vmlinuz-REL, later linux-binary-REL with
// /usr/lib/modules/REL/vmlinuz): packages are tried and looked into, versions decide nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/cache.h"

namespace ktstr {

struct KernelRequest {
  // A suite ("trixie-backports", "sid", "bookworm-security"), a version or the beginning of one ("7.3", "6.18.15",
  // "6.12.117+deb13-cloud-amd64"), or empty for the newest kernel with sched_ext in trixie-backports.
  std::string what;
  std::string mirror = "http://deb.debian.org";  // debian_mirror()
};

// One line of progress, for a person: "reading Debian's trixie-backports", "downloading linux-binary-...".
using FetchProgress = std::function<void(std::string_view)>;

// Finds the newest kernel that was asked for, downloads it and adds it to the cache; what is cached already is not
// downloaded again. Candidates that the archive lists but no longer has are passed over. kNotFound when no suite has it
// (the message says what was looked through), kIo when the archive cannot be reached.
Result<KernelEntry> fetch_debian_kernel(KernelCache& cache, const KernelRequest& request,
                                        const FetchProgress& progress = {});

// A kernel that a suite lists.
struct KernelCandidate {
  std::string release;
  std::vector<std::string> packages;  // that may hold the image, likeliest first
  std::string config_package;         // linux-base-REL where there is one, else ""
  std::string modules_package;        // linux-modules-REL where there is one, else ""
};

// The cloud kernels for amd64 among package names, newest first. Meta packages (linux-image-cloud-amd64,
// linux-image-6.12-cloud-amd64), unsigned, debug and real-time ones are left out. With `wanted`, those that match it.
std::vector<KernelCandidate> kernel_candidates(const std::vector<std::string>& package_names, std::string_view wanted);

// A request is a version when it begins with a digit.
bool is_version_request(std::string_view what);

// The image, the config and the tree of modules in an unpacked package; empty paths where there is none.
struct PackageContents {
  fs::path image;
  fs::path config;
  fs::path modules;
};
PackageContents find_in_package(const fs::path& unpacked, std::string_view release);

}  // namespace ktstr
