// SPDX-License-Identifier: Apache-2.0
//
// Work types that do what a desktop does: frames, sound, builds.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "workload/types/families.h"
#include "workload/types/rounds.h"

namespace ktstr {

namespace {

std::size_t size_of_game(const FramePacing& type) { return std::size_t{type.workers} + 1; }
const char* role_in_game(const FramePacing& type, std::size_t index) {
  return index % size_of_game(type) == 0 ? "main" : "helper";
}
Status prepare_frames(const FramePacing& type, GroupResources& shared) {
  shared.add_words(Rounds::kWords * shared.workers() / size_of_game(type));
  return ok();
}

enum FrameCount : std::size_t { kFrames, kMissedFrames };

void run_frame_pacing(const FramePacing& type, WorkerRun& run) {
  const auto [group, member] = place_in_groups(run.index(), size_of_game(type));
  const Rounds rounds = Rounds::of(run, group);
  if (member > 0) return receive_rounds(run, rounds, [&] { run.spin_for(type.helper_work); });
  const std::uint64_t frame = count_ns(type.frame);
  const auto miss = [&] {
    run.miss();
    run.count(kMissedFrames);
  };
  for (std::uint64_t due = run.checkpoint() + frame; !run.stopping(); due += frame) {
    if (due > run.checkpoint()) run.sleep_until(due);
    const std::uint32_t round = begin_round(run, rounds, type.workers);
    run.spin_for(type.main_work);
    wait_for_round(run, rounds, round);
    if (run.stopping()) return;
    const std::uint64_t now = run.checkpoint();
    run.note(0, now - due);
    run.count(kFrames);
    if (now > due + frame) miss();
    for (; due + 2 * frame < now; due += frame) miss();
    run.end_iteration();
  }
}

std::size_t size_of_sound(const AudioCallback&) { return 2; }
const char* role_in_sound(const AudioCallback&, std::size_t index) { return index % 2 == 0 ? "callback" : "feeder"; }
std::optional<SchedPolicy> policy_in_sound(const AudioCallback& type, std::size_t index) {
  return index % 2 == 0 ? SchedPolicy::fifo(static_cast<int>(type.priority)) : SchedPolicy::normal();
}
Status prepare_sound(const AudioCallback&, GroupResources& shared) {
  shared.add_words(shared.workers());
  return ok();
}

enum SoundCount : std::size_t { kCallbacks, kUnderruns };

// Blocks that are there, and blocks that are wanted.
void play_sound(const AudioCallback& type, WorkerRun& run, SharedWord& blocks, SharedWord& wanted) {
  const std::uint64_t period = count_ns(type.period);
  run.give(wanted, type.blocks);
  // The buffer is filled before the sound begins.
  for (std::uint64_t due = run.checkpoint() + period * type.blocks; !run.stopping(); due += period) {
    if (due > run.checkpoint()) run.sleep_until(due);
    if (run.stopping()) return;
    const bool has_block = blocks.take();
    run.spin_for(type.callback);
    if (run.stopping()) return;
    const std::uint64_t now = run.checkpoint();
    run.note(0, now - due);
    run.count(kCallbacks);
    if (has_block) {
      run.give(wanted, 1);
    } else {
      run.count(kUnderruns);
    }
    if (!has_block || now > due + period) run.miss();
    for (; due + 2 * period < now; due += period) run.miss();
    run.end_iteration();
  }
}

void run_audio_callback(const AudioCallback& type, WorkerRun& run) {
  const std::size_t first = run.index() - run.index() % 2;
  SharedWord &blocks = run.word(first), &wanted = run.word(first + 1);
  if (run.index() % 2 == 0) return play_sound(type, run, blocks, wanted);
  while (run.take(wanted)) {
    run.spin_for(type.render);
    run.give(blocks, 1);
    run.end_iteration();
  }
}

enum BuildCount : std::size_t { kObjects, kBuilds };

// The system call itself, as with ForkExit. The copy ends with who made it, and at the stop.
template <typename Do>
int fork_child(Do&& act) {
  const auto parent = static_cast<int>(::getpid());
  const auto pid = static_cast<int>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::_exit(static_cast<int>(::syscall(SYS_getppid)) == parent ? act() : 0);
}

// A driver, and the compiler that it starts and waits for.
int compile(const WorkerRun& run, std::chrono::nanoseconds cpu_time) {
  const int compiler = fork_child([&] {
    run.burn_as_child(cpu_time);
    return 0;
  });
  if (compiler < 0) return 1;
  while (::waitpid(compiler, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return 0;
}

constexpr std::uint32_t kMostJobs = 256;

// Compilers that go on, with the times at which they began.
class CompilerJobs {
 public:
  bool start(int pid, std::uint64_t now) {
    for (Job& job : jobs_)
      if (job.pid == 0) return job = {pid, now}, ++going_, true;
    return false;
  }
  // When it began.
  std::uint64_t end(int pid) {
    for (Job& job : jobs_)
      if (job.pid == pid) return --going_, std::exchange(job, {}).since;
    return 0;
  }
  std::uint32_t going() const { return going_; }

 private:
  struct Job {
    int pid = 0;
    std::uint64_t since = 0;
  };
  std::array<Job, kMostJobs> jobs_{};
  std::uint32_t going_ = 0;
};

class MakeRun {
 public:
  MakeRun(const BuildTree& type, WorkerRun& run) : type_(type), run_(run) {}
  // False where it could not fork.
  bool go() {
    std::uint32_t left = type_.objects;
    while ((left > 0 && !run_.stopping()) || jobs_.going() > 0) {
      for (; left > 0 && jobs_.going() < type_.jobs && !run_.stopping(); --left)
        if (!start()) return reap_all(), false;
      if (jobs_.going() > 0 && !reap()) return reap_all(), false;
    }
    run_.spin_for(type_.link);
    if (!run_.stopping()) run_.count(kBuilds);
    return true;
  }

 private:
  bool start() {
    const auto time = type_.compile / 2 + std::chrono::nanoseconds(run_.random(count_ns(type_.compile) + 1));
    const std::uint64_t now = run_.checkpoint();
    const int pid = fork_child([&] { return compile(run_, time); });
    return pid > 0 && jobs_.start(pid, now);
  }
  bool reap() {
    const WorkerRun::Child child = run_.wait_for_child(-1);
    if (child.pid < 0) return false;
    const std::uint64_t since = jobs_.end(child.pid);
    run_.end_unit();
    if (run_.stopping()) return true;
    if (child.status != 0) return errno = EAGAIN, false;
    run_.note_since(0, since);
    run_.count(kObjects);
    run_.end_iteration();
    return true;
  }
  void reap_all() {
    const int error = errno;
    while (jobs_.going() > 0) {
      const WorkerRun::Child child = run_.wait_for_child(-1);
      if (child.pid < 0) break;
      jobs_.end(child.pid);
    }
    errno = error;
  }

  const BuildTree& type_;
  WorkerRun& run_;
  CompilerJobs jobs_;
};

void run_build_tree(const BuildTree& type, WorkerRun& run) {
  MakeRun build(type, run);
  while (!run.stopping())
    if (!build.go()) return run.give_up("fork a compiler", errno);
}

}  // namespace

std::vector<WorkTypeRow> desktop_types() {
  WorkTypeRow build_tree = measuring(
      work_row<BuildTree, run_build_tree>(
          "BuildTree", "make: trees of short processes, several at a time",
          "how long an object takes from the fork until it was waited for; objects, builds",
          "5 looks at the clock an object; a compiler asks how long it has run after each unit",
          {work_parameter<&BuildTree::jobs>("jobs", 1, kMostJobs), work_parameter<&BuildTree::objects>("objects"),
           work_parameter<&BuildTree::compile>("compile"), work_parameter<&BuildTree::link>("link")}),
      {"object"}, {"objects", "builds"});
  build_tree.processes_only = true;
  return {
      with_roles<FramePacing, role_in_game>(sharing<FramePacing, prepare_frames>(in_groups<FramePacing, size_of_game>(
          measuring(work_row<FramePacing, run_frame_pacing>(
                        "FramePacing", "a game: frames that several threads must finish together",
                        "how long after its begin a frame is done; frames, and those missed",
                        "main: 10 looks at the clock a frame; helper: 3 or 4; both about ten system calls that ask how "
                        "long they have run",
                        {work_parameter<&FramePacing::workers>("workers", 1, 1023),
                         work_parameter<&FramePacing::frame>("frame", 10'000, work_value::kLongest),
                         work_parameter<&FramePacing::main_work>("main_work"),
                         work_parameter<&FramePacing::helper_work>("helper_work")}),
                    {"frame"}, {"frames", "missed frames"})))),
      with_roles<AudioCallback, role_in_sound>(with_policies<AudioCallback, policy_in_sound>(
          sharing<AudioCallback, prepare_sound>(in_groups<AudioCallback, size_of_sound>(
              measuring(work_row<AudioCallback, run_audio_callback>(
                            "AudioCallback", "sound: a real-time callback that an ordinary task must feed in time",
                            "how long after its begin a callback is done; callbacks, and those without a block; misses",
                            "callback: 6 looks at the clock a period; feeder: 2 to 4 a block; both about ten system "
                            "calls that ask how long they have run",
                            {work_parameter<&AudioCallback::period>("period", 10'000, work_value::kLongest),
                             work_parameter<&AudioCallback::callback>("callback"),
                             work_parameter<&AudioCallback::render>("render"),
                             work_parameter<&AudioCallback::blocks>("blocks", 1, 1024),
                             work_parameter<&AudioCallback::priority>("priority", 1, 97)}),
                        {"callback"}, {"callbacks", "underruns"}))))),
      std::move(build_tree),
  };
}

}  // namespace ktstr
