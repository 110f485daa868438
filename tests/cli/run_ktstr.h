// SPDX-License-Identifier: Apache-2.0
//
// Runs the built ktstr in a world of its own: an empty home, cache and state, and nothing of our environment.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/system/process.h"

namespace ktstr {

struct Ran {
  ExitStatus status;
  std::string out;
  std::string err;  // the world's directory reads as DIR, the one of ktstr as BIN
};

class KtstrProgram : public testing::Test {
 protected:
  void SetUp() override;
  fs::path path(std::string_view name) const { return world_->path() / name; }
  fs::path write(std::string_view name, std::string_view text, unsigned mode = 0644) const;
  // `environment` is added to that of the world; of two with one name the later counts.
  Ran run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) const;
  // The same with another program of ours.
  Ran run_program(const std::string& program, const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment = {}) const;
  // A scenario file that is right; `more` is put in front of its cgroup.
  fs::path good_scenario(std::string_view more = "") const;

 private:
  std::optional<TempDir> world_;
};

std::string replace_all(std::string text, const std::string& what, const std::string& with);

// Compares with golden/NAME.txt. With KTSTR_UPDATE_GOLDEN set it writes the file, for a person to look at and approve.
void expect_golden(std::string_view name, std::string_view text);

}  // namespace ktstr
