// SPDX-License-Identifier: Apache-2.0
//
// Child processes, held by pidfd. A Subprocess that goes out of scope is killed (SIGKILL) and reaped; it also dies with
// the thread that started it (PR_SET_PDEATHSIG), so a harness killed with -9 leaves no child behind. Start children
// from threads that live as long as they shall.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "base/result.h"

namespace ktstr {

struct ExitStatus {
  enum class Kind { kExited, kSignaled } kind = Kind::kExited;
  int value = 0;  // exit code or signal number

  bool success() const { return kind == Kind::kExited && value == 0; }
  std::string describe() const;  // "exited with status 3", "killed by signal 9 (SIGKILL)"
  static ExitStatus from_wait(int wait_status);
};

class Subprocess {
 public:
  struct Options {
    std::vector<std::string> argv;  // argv[0] is looked up in PATH when it has no slash
    std::vector<std::string> env;   // added to ours, "NAME=value"; of two with one name the later
    bool clear_env = false;
    int stdin_fd = -1;             // -1: /dev/null
    int stdout_fd = -1;            // -1: inherited
    int stderr_fd = -1;            // -1: inherited
    std::vector<int> inherit_fds;  // these keep their numbers in the child
    fs::path working_dir;          // empty: ours
    bool die_with_parent = true;
    bool new_process_group = true;  // so that the terminal's Ctrl-C reaches us alone
    // With new_process_group: what the program has started in its group ends with it, however that comes about. A
    // wrapper script that does not exec leaves the program that matters behind otherwise.
    bool end_whole_group = false;
  };

  static Result<Subprocess> start(const Options& options);
  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&& other) noexcept;
  ~Subprocess();

  pid_t pid() const { return pid_; }
  // Readable (poll) when the process has ended.
  const Fd& pidfd() const { return pidfd_; }
  // Empty when it has not ended after `timeout`; no timeout waits for ever.
  Result<std::optional<ExitStatus>> wait(std::optional<std::chrono::milliseconds> timeout = {});
  Status signal(int number);
  // SIGKILL and reap; harmless when it has ended.
  void kill();
  // That it took, with all of its descendants that were waited for; 0 before its end.
  std::chrono::nanoseconds cpu_time() const { return cpu_time_; }

 private:
  Subprocess(pid_t pid, Fd pidfd, bool whole_group) : pid_(pid), pidfd_(std::move(pidfd)), whole_group_(whole_group) {}
  // While the process is a zombie at least: nobody else's group has its number then.
  void end_group() const;
  // wait4(2). False with errno where it cannot be waited for.
  bool reap();
  pid_t pid_ = -1;
  Fd pidfd_;
  bool whole_group_ = false;
  std::optional<ExitStatus> status_;
  std::chrono::nanoseconds cpu_time_{};
};

struct CapturedOutput {
  ExitStatus status;
  std::string out;
  std::string err;
};

// Runs to its end with both outputs captured. kTimedOut (and the child killed) after `timeout`.
Result<CapturedOutput> run_captured(Subprocess::Options options, std::chrono::milliseconds timeout);

// A file in $PATH that is executable; kNotFound otherwise.
Result<fs::path> find_program(const std::string& name);
// The running program.
Result<fs::path> own_executable();

}  // namespace ktstr
