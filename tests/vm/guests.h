// SPDX-License-Identifier: Apache-2.0
//
// Runs `ktstr run --json` on real guests: the user's kernel cache, but runs and guest RAM in places of our own, which
// must be empty again after each run.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/system/process.h"

namespace ktstr {

struct GuestRun {
  int status = -1;      // exit status
  nlohmann::json json;  // of stdout
  std::string out, err;
  // The kinds of the failing details, in order.
  std::vector<std::string> failures() const;
  std::string first_message() const;
};

class GuestTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // `ktstr run ARGUMENTS --json`, in det mode unless they name another.
  GuestRun run(std::vector<std::string> arguments, const std::vector<std::string>& environment = {});
  // `ktstr replay ARGUMENTS --json`.
  GuestRun replay(std::vector<std::string> arguments, const std::vector<std::string>& environment = {});
  // `ktstr races ARGUMENTS --json`.
  GuestRun races(std::vector<std::string> arguments);
  // What its trace says that tasks, CPUs and cgroups had: `ktstr trace --accounts --json`.
  nlohmann::json accounts_of(const GuestRun& run);
  Subprocess::Options command(const std::vector<std::string>& arguments) const;
  // Whether a kernel of this beginning is cached; skips (or, under KTSTR_REQUIRE=vm, fails) where it is not.
  void need_kernel(const std::string& prefix);
  fs::path write(std::string_view name, std::string_view text) const;
  // Names in the directory for guest RAM: what a run has left there.
  std::vector<std::string> left_in_ram_dir() const;
  // Guests whose RAM files are there.
  std::vector<int> qemus() const;
  const fs::path& ram_dir() const { return ram_->path(); }

  const fs::path& state_dir() const { return world_->path(); }

  static std::string example(const std::string& name) { return std::string(KTSTR_EXAMPLES_DIR) + "/" + name; }
  static std::string fixture(const std::string& switches = "") {
    return std::string(KTSTR_FIXTURE_SCHEDULER) + (switches.empty() ? "" : " " + switches);
  }

 private:
  GuestRun run_to_end(Subprocess::Options options, const std::vector<std::string>& environment);
  std::optional<TempDir> world_, ram_;
};

// Skips, or fails where KTSTR_REQUIRE names `what`.
void skip_or_fail(const std::string& what, const std::string& why);

}  // namespace ktstr
