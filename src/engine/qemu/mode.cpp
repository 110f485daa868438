// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/mode.h"

#include "engine/qemu/kvm_probe.h"

namespace ktstr {

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::kDet:
      return "det";
    case Mode::kKvm:
      return "kvm";
    case Mode::kTcg:
      return "tcg";
  }
  return "unknown";
}

// Once a process: the probe forks, which a program whose other threads start guests should not do again and again.
KvmProbe probe_kvm() {
  static const KvmProbe found = probe_kvm_device("/dev/kvm", "/proc/cpuinfo");
  return found;
}

Result<Mode> resolve_mode(std::string_view text) { return resolve_mode_with(text, probe_kvm); }

Result<Mode> resolve_mode_with(std::string_view text, const std::function<KvmProbe()>& probe) {
  if (text == "det") return Mode::kDet;
  if (text == "tcg") return Mode::kTcg;
  if (text == "auto") return probe().usable ? Mode::kKvm : Mode::kDet;
  if (text != "kvm")
    return fail(ErrorCode::kInvalidArgument, "'{}' is not a mode", text).with_hint("write auto, det, kvm or tcg");
  const KvmProbe found = probe();
  if (!found.usable)
    return fail(ErrorCode::kUnsupported, "KVM does not work here: {}", found.why)
        .with_hint("use --mode det, which needs no KVM, or a machine with (nested) hardware virtualisation");
  return Mode::kKvm;
}

}  // namespace ktstr
