// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ktstr/scheduler.h"

namespace ktstr {

// A file that goes into the guest under a path of its own: one of this machine, or a text.
struct GuestFile {
  std::string path;  // in the guest
  std::string file;  // of this machine; "": it is `text`
  std::string text;
  friend bool operator==(const GuestFile&, const GuestFile&) = default;
};

// A scheduler as a run names it by its definition.
struct NamedDefinition {
  SchedulerDefinition definition;
  std::string named;                   // "mine -v"
  std::vector<std::string> more;       // words after the name
  std::optional<std::string> config;   // the test's text, in place of the definition's
  std::vector<std::string> variables;  // "NAME=value" of the environment without which it would be another one
};

}  // namespace ktstr
