// SPDX-License-Identifier: Apache-2.0
//
// The machine that a request asks for. Runs and `ktstr warm build` come by their machines, and by the keys of their
// warm images, here and nowhere else: what one builds is what the other uses.
#pragma once

#include "engine/guest.h"
#include "engine/qemu/qemu.h"
#include "engine/warm/warm_cache.h"
#include "kernel/select.h"
#include "runner/runner.h"

namespace ktstr {

// All but kernel, initramfs and QEMU. An Error is the user's mistake.
Result<GuestSpec> guest_spec(const RunRequest& request, const RunnerEnvironment& environment);
Result<KernelImage> kernel_for(const RunRequest& request, const RunnerEnvironment& environment);
// How the vCPUs of a det guest take turns: by the plugin, else by a timer in the guest.
struct TurnChoice {
  std::filesystem::path plugin;  // loaded into QEMU, with one vCPU too; empty: none
  std::uint32_t turn = 0;        // instructions, before the seed varies it; 0: not by the plugin
  std::optional<TurnSettings> settings;
  TurnPolicy policy = TurnPolicy::kEven;  // that it follows
  std::string plugin_sha256;
  std::string why_unguarded;  // why no plugin guards the clock of an idle guest; "" where one does
  std::string why_no_probes;  // why no plugin looks at the guest's kernel; "" where one can
  std::string why_quantum;    // why not, where there is more than one vCPU
  bool wanted = false;        // the user asked for the timer
};
// kUnsupported where the request says how turns are to be and there is no plugin.
Result<TurnChoice> choose_turns(const RunRequest& request, const RunnerEnvironment& environment, const QemuInfo& qemu,
                                int shift);

// Finds QEMU, and puts it and the kernel into the spec.
Result<QemuInfo> complete_spec(GuestSpec& spec, const KernelImage& kernel, const RunnerEnvironment& environment);

// Chooses where guest RAM goes (RunnerEnvironment::ram_fallback), removes what killed runs left there, and puts the
// initramfs beside it: it stays as long as the result.
Result<TempDir> put_initramfs(GuestSpec& spec, const PackedInputs& packed, Bytes delivery,
                              const RunnerEnvironment& environment);

// With a mailbox for `delivery` bytes.
Result<WarmKey> warm_key_for(const GuestSpec& spec, const KernelImage& kernel, const QemuInfo& qemu,
                             const PackedInputs& packed, Bytes delivery);
WarmCache warm_cache(const RunnerEnvironment& environment);

struct PreparedImage {
  WarmKey key;
  bool built = false;  // else it was there
  Bytes bytes = 0;     // of contents
  double boot_seconds = 0;
  double seconds = 0;  // that this took
};
// The image that a run of this request continues, unless its delivery is unusually large. Only what makes the machine
// matters: topology, kernel, mode, memory, shift.
Result<PreparedImage> prepare_image(const RunRequest& request, const RunnerEnvironment& environment);

}  // namespace ktstr
