// SPDX-License-Identifier: Apache-2.0
#include "many_tests.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/clock.h"

namespace ktstr::bench {

namespace {

constexpr std::size_t kAtATime = 2;

std::size_t entries_in(const fs::path& directory) {
  std::error_code error;
  const fs::directory_iterator entries(directory, error);
  return error ? 0 : static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

// Directories of our own, so that nobody else's files count.
struct Left {
  std::size_t processes, fds, ram_files, temp_files;
  friend bool operator==(const Left&, const Left&) = default;
};

std::size_t children() {
  const auto text = read_text(fmt::format("/proc/self/task/{}/children", ::getpid()));
  return text ? static_cast<std::size_t>(std::count(text->begin(), text->end(), ' ')) : 0;
}

Left look(const fs::path& ram, const fs::path& temp) {
  return {children(), entries_in("/proc/self/fd"), entries_in(ram), entries_in(temp)};
}

struct Test {
  int number;
  Subprocess process;
};

class TwoAtATime {
 public:
  TwoAtATime(Subprocess::Options command, const Fd& null) : command_(std::move(command)) {
    command_.stdout_fd = null.get();
  }

  Status run(int count) {
    for (int started = 0; started < count || !running_.empty();) {
      while (started < count && running_.size() < kAtATime) KTSTR_TRY(start(++started));
      KTSTR_TRY(wait_for_one());
    }
    return ok();
  }
  int failed() const { return failed_; }

 private:
  Status start(int number) {
    Subprocess::Options command = command_;
    command.argv.insert(command.argv.end(), {"--seed", fmt::format("{}", number)});
    KTSTR_TRY_ASSIGN(Subprocess process, Subprocess::start(command));
    running_.push_back({number, std::move(process)});
    return ok();
  }

  Status wait_for_one() {
    std::vector<pollfd> ended;
    for (const Test& test : running_) ended.push_back({test.process.pidfd().get(), POLLIN, 0});
    ::poll(ended.data(), ended.size(), -1);
    for (std::size_t i = ended.size(); i-- > 0;) {
      if (ended[i].revents == 0) continue;
      KTSTR_TRY_ASSIGN(const std::optional<ExitStatus> status, running_[i].process.wait());
      if (!status || !status->success()) ++failed_;
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return ok();
  }

  Subprocess::Options command_;
  std::vector<Test> running_;
  int failed_ = 0;
};

}  // namespace

Status many_tests(const KtstrAsked& asked, int count, const fs::path& scratch) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // whoever outlives its parent becomes our child
  KTSTR_TRY_ASSIGN(const TempDir ram, TempDir::create("/dev/shm", "ktstr-bench"));
  KTSTR_TRY_ASSIGN(const TempDir temp, TempDir::create(fs::temp_directory_path(), "ktstr-bench-temp"));
  KTSTR_TRY_ASSIGN(const Fd null, open_file("/dev/null", O_WRONLY));
  KTSTR_TRY_ASSIGN(Subprocess::Options command, ktstr_command(asked, scratch));
  command.env.push_back("KTSTR_RAM_DIR=" + ram.path().string());
  command.env.push_back("TMPDIR=" + temp.path().string());
  const Left before = look(ram.path(), temp.path());
  const Nanoseconds begin = monotonic_now();
  TwoAtATime tests(command, null);
  KTSTR_TRY(tests.run(count));
  const double seconds = to_seconds(monotonic_now() - begin);
  const Left after = look(ram.path(), temp.path());
  fmt::print("\n{} tests of {} on {}, {} at a time: {:.1f} s, {:.0f} a minute, {} failed\n", count, asked.duration,
             asked.topology, kAtATime, seconds, 60 * count / seconds, tests.failed());
  fmt::print("  before and after: processes {} {}, descriptors {} {}, RAM files {} {}, temporary files {} {}\n",
             before.processes, after.processes, before.fds, after.fds, before.ram_files, after.ram_files,
             before.temp_files, after.temp_files);
  if (tests.failed() != 0) return fail(ErrorCode::kGuestLost, "{} of {} tests failed", tests.failed(), count);
  if (!(before == after)) return fail(ErrorCode::kGuestLost, "the tests left something behind");
  return ok();
}

}  // namespace ktstr::bench
