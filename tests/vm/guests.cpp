// SPDX-License-Identifier: Apache-2.0
#include "guests.h"

#include <algorithm>

#include "base/testing/required.h"

namespace ktstr {

namespace {

constexpr std::chrono::minutes kPatience{9};
constexpr const char* kDirectory = "ktstr-vm-test";

}  // namespace

void skip_or_fail(const std::string& what, const std::string& why) {
  if (is_required(what)) FAIL() << "KTSTR_REQUIRE=" << what << ", but " << why;
  GTEST_SKIP() << why;
}

std::vector<std::string> GuestRun::failures() const {
  std::vector<std::string> kinds;
  for (const auto& detail : json.at("details"))
    if (detail.at("verdict") == "fail") kinds.push_back(detail.at("kind"));
  return kinds;
}

std::string GuestRun::first_message() const { return json.at("details").at(0).at("message"); }

void GuestTest::SetUp() {
  // What a killed test has left, too.
  for (const fs::path& parent : {fs::temp_directory_path(), fs::path("/dev/shm")})
    remove_stale_dirs(parent, kDirectory);
  auto world = TempDir::create(fs::temp_directory_path(), kDirectory);
  auto ram = TempDir::create("/dev/shm", kDirectory);
  ASSERT_TRUE(world) << world.error().render();
  ASSERT_TRUE(ram) << ram.error().render();
  world_ = *std::move(world);
  ram_ = *std::move(ram);
  need_kernel("");
}

void GuestTest::TearDown() {
  if (!ram_) return;
  EXPECT_EQ(left_in_ram_dir(), std::vector<std::string>());
}

std::vector<std::string> GuestTest::left_in_ram_dir() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(ram_->path())) names.push_back(entry.path().filename());
  return names;
}

std::vector<int> GuestTest::qemus() const {
  std::vector<int> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto command_line = read_text(entry.path() / "cmdline");
    if (command_line && command_line->find("qemu") != std::string::npos &&
        command_line->find(ram_dir().string()) != std::string::npos)
      pids.push_back(std::stoi(name));
  }
  return pids;
}

void GuestTest::need_kernel(const std::string& prefix) {
  const auto list = run_captured({.argv = {KTSTR_PROGRAM, "kernel", "list", "--json"}}, std::chrono::seconds(60));
  ASSERT_TRUE(list) << list.error().render();
  const auto kernels = nlohmann::json::parse(list->out);
  const bool there = std::any_of(kernels.begin(), kernels.end(), [&](const nlohmann::json& kernel) {
    if (!kernel.contains("release")) return false;  // a damaged one
    return prefix.empty() ? kernel.at("sched_ext").get<bool>()
                          : kernel.at("release").get<std::string>().starts_with(prefix + ".");
  });
  if (!there)
    skip_or_fail("vm", (prefix.empty() ? std::string("no kernel with sched_ext") : "no kernel " + prefix) +
                           " is cached; `ktstr kernel fetch` gets one");
}

fs::path GuestTest::write(std::string_view name, std::string_view text) const {
  const fs::path path = world_->path() / name;
  EXPECT_TRUE(write_text(path, text));
  return path;
}

Subprocess::Options GuestTest::command(const std::vector<std::string>& arguments) const {
  Subprocess::Options options{.argv = {KTSTR_PROGRAM, "run"}};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.argv.emplace_back("--json");
  if (std::find(arguments.begin(), arguments.end(), "--mode") == arguments.end())
    options.argv.insert(options.argv.end(), {"--mode", "det"});
  // To see whether what a test says holds for other seeds too.
  const char* const seed = std::getenv("KTSTR_TEST_SEED");
  const auto names_seeds = [](const std::string& argument) { return argument.starts_with("--seed"); };
  if (seed != nullptr && std::none_of(arguments.begin(), arguments.end(), names_seeds))
    options.argv.insert(options.argv.end(), {"--seed", seed});
  options.env = {"KTSTR_RAM_DIR=" + ram_->path().string(), "XDG_STATE_HOME=" + world_->path().string()};
  return options;
}

GuestRun GuestTest::run(std::vector<std::string> arguments, const std::vector<std::string>& environment) {
  return run_to_end(command(arguments), environment);
}

GuestRun GuestTest::replay(std::vector<std::string> arguments, const std::vector<std::string>& environment) {
  Subprocess::Options options = command({});  // for its environment
  options.argv = {KTSTR_PROGRAM, "replay"};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.argv.emplace_back("--json");
  return run_to_end(std::move(options), environment);
}

GuestRun GuestTest::races(std::vector<std::string> arguments) {
  Subprocess::Options options = command(arguments);
  options.argv[1] = "races";
  return run_to_end(std::move(options), {});
}

nlohmann::json GuestTest::accounts_of(const GuestRun& run) {
  Subprocess::Options options = command({});  // for its environment
  options.argv = {KTSTR_PROGRAM, "trace", run.json.at("run_dir").get<std::string>(), "--accounts", "--json"};
  const auto said = run_captured(options, std::chrono::seconds(60));
  if (!said) ADD_FAILURE() << said.error().render();
  return said ? nlohmann::json::parse(said->out, nullptr, false) : nlohmann::json();
}

GuestRun GuestTest::run_to_end(Subprocess::Options options, const std::vector<std::string>& environment) {
  options.env.insert(options.env.end(), environment.begin(), environment.end());
  GuestRun result;
  const auto output = run_captured(options, kPatience);
  if (!output) {
    ADD_FAILURE() << output.error().render();
    return result;
  }
  result.status = output->status.kind == ExitStatus::Kind::kExited ? output->status.value : -1;
  result.out = output->out;
  result.err = output->err;
  result.json = nlohmann::json::parse(output->out, nullptr, false);
  SCOPED_TRACE(output->out + output->err);
  return result;
}

}  // namespace ktstr
