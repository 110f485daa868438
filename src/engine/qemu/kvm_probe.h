// SPDX-License-Identifier: Apache-2.0
//
// Whether KVM runs guests on hardware. Two things must hold: the CPU has VMX or SVM, and a guest of two instructions in
// long mode ends as it must. The device alone does not tell: without VMX or SVM it may open, make VMs and fail or never
// come back. The tiny guest alone does not either: a KVM that emulates (kvm-pvm, seen where this was written) runs it,
// and then no stock kernel gets as far as its first message. The flag alone does not: nested virtualisation may be
// broken.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/qemu/mode.h"

namespace ktstr {

// The guest runs in a child process that is killed after `limit`. `cpuinfo` is /proc/cpuinfo.
KvmProbe probe_kvm_device(const std::filesystem::path& device, const std::filesystem::path& cpuinfo,
                          std::chrono::milliseconds limit = std::chrono::seconds(2));

// Whether the "flags" of a /proc/cpuinfo name vmx or svm.
bool has_hardware_virtualisation(std::string_view cpuinfo);

// Runs `judge` in a child process and returns what it returned: empty when the child died. Nothing when it has not
// ended after `limit`; it is then killed.
std::optional<std::string> ask_in_child(const std::function<std::string()>& judge, std::chrono::milliseconds limit);

// resolve_mode() with another answer to whether KVM works; `probe` is only called where the answer matters.
Result<Mode> resolve_mode_with(std::string_view text, const std::function<KvmProbe()>& probe);

}  // namespace ktstr
