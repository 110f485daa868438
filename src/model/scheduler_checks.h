// SPDX-License-Identifier: Apache-2.0
//
// The middle layer of checks: the defaults, over them those of a scheduler's definition, over them those of a test.
#pragma once

#include <string>
#include <vector>

#include "ktstr/checks.h"

namespace ktstr {

struct ShownCheck {
  std::string key;    // as scenario files have it: "max_gap"
  std::string value;  // "500ms", "false"
  friend bool operator==(const ShownCheck&, const ShownCheck&) = default;
};

// The fields that are set, in their order.
std::vector<ShownCheck> shown_checks(const Checks& checks);

// `over`, and of `under` what `over` leaves unset: field by field, a list as one. A limit and that it is switched off
// are one field.
Checks merged_checks(const Checks& under, const Checks& over);

}  // namespace ktstr
