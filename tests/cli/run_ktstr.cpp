// SPDX-License-Identifier: Apache-2.0
#include "run_ktstr.h"

#include <cstdlib>

namespace ktstr {

std::string replace_all(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

void KtstrProgram::SetUp() {
  auto world = TempDir::create(fs::temp_directory_path(), "ktstr_cli_test");
  ASSERT_TRUE(world.has_value()) << world.error().render();
  world_.emplace(*std::move(world));
}

fs::path KtstrProgram::write(std::string_view name, std::string_view text, unsigned mode) const {
  const fs::path file = path(name);
  EXPECT_TRUE(write_atomically(file, as_byte_span(text), mode).has_value()) << file;
  return file;
}

fs::path KtstrProgram::good_scenario(std::string_view more) const {
  return write("good.toml", "topology = \"1n2l1c1t\"\n" + std::string(more) + "[[cgroup]]\nname = \"cg_0\"\n");
}

Ran KtstrProgram::run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) const {
  return run_program(KTSTR_PROGRAM, arguments, environment);
}

Ran KtstrProgram::run_program(const std::string& program, const std::vector<std::string>& arguments,
                              const std::vector<std::string>& environment) const {
  const std::string world = world_->path().string();
  Subprocess::Options options;
  options.argv = {program};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.clear_env = true;
  options.env = {"PATH=/usr/bin:/bin", "HOME=" + world, "XDG_CACHE_HOME=" + world + "/cache",
                 "XDG_STATE_HOME=" + world + "/state", "KTSTR_KERNEL_FETCH=never"};
  options.env.insert(options.env.end(), environment.begin(), environment.end());
  options.working_dir = world;
  const auto output = run_captured(std::move(options), std::chrono::seconds(60));
  if (!output) {
    ADD_FAILURE() << output.error().render();
    return {};
  }
  std::string err = replace_all(output->err, world, "DIR");
  err = replace_all(std::move(err), fs::path(KTSTR_PROGRAM).parent_path().string(), "BIN");
  return {output->status, output->out, std::move(err)};
}

void expect_golden(std::string_view name, std::string_view text) {
  const fs::path file = fs::path(KTSTR_GOLDEN_DIR) / (std::string(name) + ".txt");
  if (std::getenv("KTSTR_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_atomically(file, as_byte_span(text)).has_value()) << file;
    return;
  }
  const auto approved = read_text(file);
  ASSERT_TRUE(approved.has_value()) << approved.error().render();
  EXPECT_EQ(text, *approved) << "differs from " << file << "; KTSTR_UPDATE_GOLDEN=1 rewrites it";
}

}  // namespace ktstr
