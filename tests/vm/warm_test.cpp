// SPDX-License-Identifier: Apache-2.0
//
// Runs that continue warm images are the runs that boot, whatever happens to the images. Each test has a cache of its
// own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <thread>

#include "guests.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kWarmScenario =
    "topology = \"1n1l2c1t\"\nduration = \"200ms\"\n[[cgroup]]\nname = \"cg_0\"\nworkers = 2\n";

class Warm : public GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    scenario_ = write("warm.toml", kWarmScenario);
    fs::create_directories(cache() / "ktstr");
    const char* theirs = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    const fs::path from = theirs != nullptr ? fs::path(theirs) : fs::path(home != nullptr ? home : "/root") / ".cache";
    fs::create_symlink(from / "ktstr/kernels", cache() / "ktstr/kernels");
  }

  fs::path cache() const { return state_dir() / "cache"; }
  std::vector<std::string> environment() const { return {"XDG_CACHE_HOME=" + cache().string()}; }
  GuestRun run_here(std::vector<std::string> more = {}) {
    more.insert(more.begin(), scenario_.string());
    return run(more, environment());
  }
  // The digest of a run that passes.
  std::string passing(const std::vector<std::string>& more = {}) { return digest_of(run_here(more)); }
  static std::string digest_of(const GuestRun& ran) {
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
    return ran.json.value("digest", "");
  }
  std::string warm(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {KTSTR_PROGRAM, "warm"});
    Subprocess::Options options = command({});  // for its environment
    options.argv = std::move(arguments);
    for (const auto& one : environment()) options.env.push_back(one);
    const auto output = run_captured(options, 120s);
    if (!output) return output.error().render();
    EXPECT_TRUE(output->status.success()) << output->err;
    return output->out;
  }
  // Paths below the directory of images whose names begin so.
  std::vector<fs::path> below(const std::string& beginning) const {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(cache() / "ktstr/warm", error))
      if (entry.path().filename().string().starts_with(beginning)) found.push_back(entry.path());
    return found;
  }
  std::vector<fs::path> images() const {
    std::vector<fs::path> found;
    for (const fs::path& path : below(""))
      if (path.extension().empty() && fs::is_directory(path)) found.push_back(path);
    return found;
  }
  // Starts a run, kills it as soon as `now` holds, and runs once more.
  void expect_survived(const std::string& when, const std::vector<std::string>& more,
                       const std::function<bool()>& now) {
    SCOPED_TRACE(when);
    std::vector<std::string> arguments{scenario_.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Subprocess::Options options = command(arguments);
    for (const auto& one : environment()) options.env.push_back(one);
    const auto nowhere = open_file("/dev/null", O_WRONLY);
    options.stdout_fd = nowhere->get();
    auto process = Subprocess::start(options);
    ASSERT_TRUE(process) << process.error().render();
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (!now() && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(500us);
    ASSERT_TRUE(now()) << "the moment to kill it did not come";
    ASSERT_TRUE(process->signal(SIGKILL));
    const auto status = process->wait(60s);
    ASSERT_TRUE(status && *status);
    EXPECT_EQ((*status)->kind, ExitStatus::Kind::kSignaled);
    while (!qemus().empty() && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(qemus().empty());
    EXPECT_FALSE(left_in_ram_dir().empty());

    const std::string digest = passing();
    if (digest_.empty()) digest_ = digest;
    EXPECT_EQ(digest, digest_);
    EXPECT_TRUE(qemus().empty());
    EXPECT_TRUE(below("building").empty());
    EXPECT_TRUE(left_in_ram_dir().empty());
  }
  // A guest that continues an image, and for how long we know of it.
  bool is_restoring() const {
    for (const int pid : qemus()) {
      const auto command_line = read_text("/proc/" + std::to_string(pid) + "/cmdline");
      if (command_line && command_line->find("-incoming") != std::string::npos) return true;
    }
    return false;
  }

  fs::path scenario_;
  std::string digest_;  // of expect_survived()
};

void flip_bit(const fs::path& file, off_t offset) {
  const auto fd = open_file(file, O_RDWR);
  char byte = 0;
  ASSERT_TRUE(fd);
  ASSERT_EQ(::pread(fd->get(), &byte, 1, offset), 1);
  byte = static_cast<char>(byte ^ 1);
  ASSERT_EQ(::pwrite(fd->get(), &byte, 1, offset), 1);
}

TEST_F(Warm, ForkedRebuiltAndColdRunsAreOneRun) {
  EXPECT_THAT(warm({"build", "--mode", "det", "--topology", "1n1l2c1t"}), HasSubstr("built in"));
  ASSERT_EQ(images().size(), 1u);
  const fs::path image = images().front();
  const GuestRun first = run_here({"-v"});
  const std::string digest = digest_of(first);
  EXPECT_THAT(first.err, Not(HasSubstr("marks each page of the kernel's code by itself")));
  EXPECT_EQ(first.json["warm_image"], image.filename().string()) << "a run's key is not what `warm build` made";
  EXPECT_EQ(passing(), digest);
  EXPECT_EQ(passing({"--cold"}), digest);

  // In its first piece of data, which is not all zeroes.
  const auto description = nlohmann::json::parse(*read_text(image / "image.json"));
  flip_bit(image / "ram0", description["body"]["ram"][0]["extents"][0][0].get<off_t>());
  const GuestRun flipped = run_here();
  EXPECT_EQ(digest_of(flipped), digest);
  EXPECT_THAT(flipped.err, HasSubstr(image.filename().string() + " is damaged and is built anew"));
  EXPECT_THAT(flipped.err, HasSubstr("ram0"));

  fs::resize_file(image / "state", fs::file_size(image / "state") / 2);
  EXPECT_THAT(warm({"list"}), HasSubstr("DAMAGED: state"));
  const GuestRun truncated = run_here();
  EXPECT_EQ(digest_of(truncated), digest);
  EXPECT_THAT(truncated.err, HasSubstr("state"));
  EXPECT_THAT(warm({"build", "--mode", "det", "--topology", "1n1l2c1t"}), HasSubstr("was there"));
  EXPECT_THAT(warm({"clean"}), HasSubstr("removed 1 image,"));
  EXPECT_TRUE(images().empty());
}

TEST_F(Warm, AKilledRunLeavesNothingThatTheNextDoesNotRemove) {
  expect_survived("while it boots", {}, [&] { return !qemus().empty(); });
  warm({"clean"});
  expect_survived("while it saves", {}, [&] {
    for (const fs::path& building : below("building"))
      if (fs::exists(building / "state")) return true;
    return false;
  });
  ASSERT_EQ(images().size(), 1u);
  const fs::path image = images().front();
  const auto built = fs::last_write_time(image / "image.json");
  expect_survived("while it restores", {}, [&] { return is_restoring(); });
  std::chrono::steady_clock::time_point since;
  expect_survived("in its body", {"--duration", "100s"}, [&] {
    if (!is_restoring()) return false;
    if (since == std::chrono::steady_clock::time_point()) since = std::chrono::steady_clock::now();
    return std::chrono::steady_clock::now() - since > 1s;
  });
  EXPECT_EQ(fs::last_write_time(image / "image.json"), built) << "the image was built anew without need";
}

TEST_F(Warm, TwoAtOnceBootOnceAndChangedInputsNever) {
  std::string own = (state_dir() / "scx_own").string();
  fs::copy_file(fixture(), own);
  GuestRun a, b;
  {
    std::jthread one([&] { a = run_here({"-v", "--scheduler", own}); });
    std::jthread two([&] { b = run_here({"-v", "--scheduler", own}); });
  }
  const std::string digest = digest_of(a);
  EXPECT_EQ(digest_of(b), digest);
  const auto boots = [](const GuestRun& ran) { return ran.err.find("this boots once") != std::string::npos; };
  const auto attaches = [](const GuestRun& ran) { return ran.err.find("attached") != std::string::npos; };
  EXPECT_NE(boots(a), boots(b)) << a.err << b.err;
  EXPECT_NE(attaches(a), attaches(b)) << a.err << b.err;
  ASSERT_EQ(images().size(), 2u) << "booted, and with the scheduler attached";

  // What is after the ELF file's end is not packed: the same scheduler. With other arguments it is another.
  ASSERT_TRUE(write_all(open_file(own, O_WRONLY | O_APPEND)->get(), as_byte_span("rebuilt")));
  const GuestRun touched = run_here({"-v", "--scheduler", own});
  EXPECT_EQ(digest_of(touched), digest);
  EXPECT_FALSE(boots(touched) || attaches(touched)) << touched.err;
  EXPECT_EQ(images().size(), 2u);
  own += " --slice-us 5000";
  const GuestRun rebuilt = run_here({"-v", "--scheduler", own});
  EXPECT_EQ(rebuilt.status, 0) << rebuilt.out << rebuilt.err;
  EXPECT_FALSE(boots(rebuilt)) << rebuilt.err;
  EXPECT_TRUE(attaches(rebuilt)) << rebuilt.err;
  EXPECT_EQ(images().size(), 3u);
  ASSERT_TRUE(write_text(scenario_, std::string(kWarmScenario) + "work = \"YieldHeavy\"\n"));
  const GuestRun changed = run_here({"-v", "--scheduler", own, "--seed", "5"});
  EXPECT_EQ(changed.status, 0) << changed.out << changed.err;
  EXPECT_FALSE(boots(changed) || attaches(changed)) << changed.err;
  EXPECT_EQ(images().size(), 3u);
}

// In a mount namespace of its own, with a /dev/shm that is too small.
TEST_F(Warm, GuestMemoryGoesToDiskWhereTheUsualPlaceHasNoRoom) {
  const fs::path ram = cache() / "ktstr/ram";
  fs::create_directories(ram / "ktstr-vm.999999999.abcdef");  // above any pid: of a run that died
  Subprocess::Options options = command({scenario_.string(), "--cold"});
  for (const auto& one : environment()) options.env.push_back(one);
  options.env.emplace_back("KTSTR_RAM_DIR=");
  options.argv.insert(options.argv.begin(),
                      {"unshare", "-m", "--propagation", "private", "sh", "-c",
                       "mount -t tmpfs -o size=64m tmpfs /dev/shm || exit 99; exec \"$@\"", "sh"});
  const auto output = run_captured(options, 120s);
  ASSERT_TRUE(output) << output.error().render();
  if (output->status.value == 99 || output->err.find("unshare") != std::string::npos)
    GTEST_SKIP() << "cannot mount a tmpfs here: " << output->err;
  EXPECT_TRUE(output->status.success()) << output->out << output->err;
  EXPECT_THAT(output->err, HasSubstr("it goes to disk, into " + ram.string()));
  EXPECT_THAT(output->err, HasSubstr("KTSTR_RAM_DIR"));
  EXPECT_EQ(output->err.find("goes to disk"), output->err.rfind("goes to disk"));
  EXPECT_TRUE(fs::is_empty(ram));
}

}  // namespace
}  // namespace ktstr
