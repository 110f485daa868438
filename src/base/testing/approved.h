// SPDX-License-Identifier: Apache-2.0
//
// Only tests include this.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/file.h"

namespace ktstr {

// Compares with golden/NAME.txt; with KTSTR_APPROVE set, stores it.
inline void expect_approved(const std::string& name, const std::string& text) {
  const fs::path file = fs::path(KTSTR_GOLDEN_DIR) / (name + ".txt");
  if (std::getenv("KTSTR_APPROVE") != nullptr) {
    ASSERT_TRUE(write_atomically(file, as_byte_span(text)));
  }
  const auto approved = read_text(file);
  ASSERT_TRUE(approved) << approved.error().render() << "\nrun with KTSTR_APPROVE=1 to store it";
  EXPECT_EQ(text, *approved) << "run with KTSTR_APPROVE=1 if this is meant, and look at the difference";
}

}  // namespace ktstr
