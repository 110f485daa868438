// SPDX-License-Identifier: Apache-2.0
#include "guest/schedulers/sched_ext_state.h"

#include <charconv>

#include "base/file.h"

namespace ktstr::guest {

SchedExtState read_sched_ext_state(const std::filesystem::path& sysfs_root) {
  const fs::path dir = sysfs_root / "kernel/sched_ext";
  SchedExtState state;
  state.state = read_attribute(dir / "state").value_or("");
  state.ops = read_attribute(dir / "root/ops").value_or("");
  const std::string sequence = read_attribute(dir / "enable_seq").value_or("");
  state.has_enable_seq = !sequence.empty();
  std::from_chars(sequence.data(), sequence.data() + sequence.size(), state.enable_seq);
  return state;
}

}  // namespace ktstr::guest
