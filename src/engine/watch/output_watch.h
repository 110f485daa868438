// SPDX-License-Identifier: Apache-2.0
//
// The files that QEMU writes while a guest runs: the serial console and its own output. Nothing pushes back on QEMU,
// since what a guest prints must cost it the same on every host; so a guest that prints without end has to be ended,
// and what it printed is cut down afterwards.
#pragma once

#include <filesystem>
#include <optional>

#include "base/bytes.h"
#include "engine/watch/lifecycle.h"

namespace ktstr {

class OutputWatch {
 public:
  // A kernel with all its debugging options on that reports something every second prints less.
  static constexpr Bytes kMostConsole = Bytes{16} << 20;
  static constexpr Bytes kMostOfQemu = Bytes{4} << 20;

  OutputWatch(std::filesystem::path console, std::filesystem::path qemu_output)
      : console_(std::move(console)), qemu_output_(std::move(qemu_output)) {}

  // A finding means: stop. Only looks at how long the files are.
  std::optional<Lifecycle::Finding> look() const;

 private:
  std::filesystem::path console_, qemu_output_;
};

// Leaves of a console file that is longer than 2 * `part` the first and the last `part` bytes, and between them a line
// that says how much is missing. Returns how much that is. Only when nobody writes to it any more.
Result<Bytes> cut_out_the_middle(const std::filesystem::path& path, Bytes part = Bytes{1} << 20);

}  // namespace ktstr
