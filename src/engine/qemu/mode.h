// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr {

// How the guest's CPUs run. kDet: TCG with an instruction-counted clock, bit-for-bit repeatable. kKvm: hardware, real
// time. kTcg: TCG, real time.
enum class Mode { kDet, kKvm, kTcg };
std::string_view to_string(Mode mode);  // "det", "kvm", "tcg"

// Whether KVM really runs a guest here, and why not where it does not: a /dev/kvm without hardware behind it opens and
// then fails.
struct KvmProbe {
  bool usable = false;
  std::string why;
};
KvmProbe probe_kvm();

// "det", "kvm", "tcg" or "auto" (kvm where it really works, else det). Asking for kvm where it does not work is an
// error.
Result<Mode> resolve_mode(std::string_view text);

}  // namespace ktstr
