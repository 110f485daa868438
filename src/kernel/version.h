// SPDX-License-Identifier: Apache-2.0
//
// Kernel releases: the text that `uname -r` prints ("7.3.4+deb13-cloud-amd64"), where it is in an image, which of two
// is newer, and what a person means by "7.3". A release says nothing about what a kernel can do: that is decided by
// looking (btf.h), versions only choose among images.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

// The release in the first "Linux version RELEASE (" of an unpacked image (linux_banner, init/version-timestamp.c).
// kNotFound when there is none, which means that the file is no kernel.
Result<std::string> kernel_release(ByteSpan vmlinux);

// Order by version: runs of digits compare as numbers, `~` sorts before everything (7.3~rc1 < 7.3 < 7.3.1), as in
// Debian versions (deb-version(7)); "-rc" is taken for "~rc".
std::strong_ordering compare_releases(std::string_view a, std::string_view b);

// Whether `release` is what `wanted` names: the same text, or `wanted` is a prefix that ends at a component:
// "7.3" matches "7.3.4+deb13-cloud-amd64" and "7.3-rc1", but not "7.30.1".
bool release_matches(std::string_view release, std::string_view wanted);

}  // namespace ktstr
