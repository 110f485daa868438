// SPDX-License-Identifier: Apache-2.0
//
// Whether KVM runs a guest: it is made to run one, two instructions long, in long mode. Nothing less tells: without VMX or
// SVM (a nested machine, an odd hypervisor) /dev/kvm may open, make VMs, and then fail or never come back.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "engine/mode.h"

namespace ktstr {

// In a child process that is killed after `limit`.
KvmProbe probe_kvm_device(const std::filesystem::path& device,
                          std::chrono::milliseconds limit = std::chrono::seconds(2));

// resolve_mode() with another answer to whether KVM works; `probe` is only called where the answer matters.
Result<Mode> resolve_mode_with(std::string_view text, const std::function<KvmProbe()>& probe);

}  // namespace ktstr
