// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/log.h"
#include "cli/commands/commands.h"
#include "cli/commands/stopped_guest.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/shown_report.h"
#include "kernel/select.h"
#include "report/report_sections.h"
#include "report/text_report.h"
#include "report/units.h"
#include "results/find_run.h"
#include "results/run_directory.h"
#include "results/run_record_json.h"
#include "runner/environment.h"
#include "runner/event_file.h"
#include "runner/event_text.h"
#include "runner/replay/replay.h"
#include "runner/store_run.h"

namespace ktstr::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string shown(const std::string& digest) { return digest.empty() ? "none" : digest.substr(0, kDigestShown); }

// What a guest printed, line by line, each ended with a newline.
std::string printable_lines(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    clean += printable(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return clean;
}

// Evidence of a finished run; what is not there is said in its place.
std::string console_of(const RunRecord& record) {
  const auto text = read_text(fs::path(record.run_dir) / "console.log");
  return printable_lines(text ? *text : text.error().message());
}

std::string events_of(const RunRecord& record) {
  const auto read = [&]() -> Result<std::string> {
    KTSTR_TRY_ASSIGN(const ByteVector bytes, read_bytes(fs::path(record.run_dir) / "events.bin"));
    KTSTR_TRY_ASSIGN(std::vector<Record> records, unpack_events(bytes));
    return event_text(std::move(records));
  }();
  return read ? *read : read.error().message() + "\n";
}

// Whether it did the same, in words.
std::string comparison(const StoredRun& stored, const ReplayPlan& plan, const Replayed& replayed) {
  if (!replayed.same_digest) return "no digest to compare: " + replayed.difference + "\n";
  if (*replayed.same_digest) return "same digest\n";
  std::string text = fmt::format("NOT the same digest: recorded {}, here {}", shown(stored.record->digest),
                                 shown(replayed.record.digest));
  if (stored.request.mode != "det")
    text += fmt::format("; in {} mode nothing promises the same", stored.request.mode);
  else if (!plan.exact())
    text += "; not everything that decides it is as it was";
  return text + "\n  first difference, recorded against here:\n  " + printable_lines(replayed.difference);
}

std::string introduction(const StoredRun& stored, const ReplayPlan& plan, bool current) {
  std::string text = fmt::format("replaying {}", stored.id);
  if (stored.record)
    text += fmt::format(": {}, digest {}", to_string(stored.record->outcome), shown(stored.record->digest));
  text += "\n";
  if (stored.request.mode != "det")
    text += fmt::format("it ran in {} mode: nothing promises that it does the same again\n", stored.request.mode);
  if (current) text += plan.changed.empty() ? "its inputs are as they were\n" : "inputs that have changed since:\n";
  text += table_of(plan.changed);
  if (!plan.differences.empty()) text += "not as recorded, so its digest may differ:\n" + table_of(plan.differences);
  return text;
}

class ReplaySession {
 public:
  explicit ReplaySession(const ReplayCommand& command) : command_(command), progress_(Progress::kind(), command.json) {}

  int execute() {
    auto steps = [&]() -> Status {
      KTSTR_TRY(has_directories(environment_));
      KTSTR_TRY_ASSIGN(const fs::path dir, find_run(environment_.state_dir, command_.run));
      KTSTR_TRY_ASSIGN(held_, hold_run(dir));
      KTSTR_TRY_ASSIGN(stored_, load_stored_run(dir));
      const ReplayOptions options{.kernel = command_.kernel, .current = command_.current};
      KTSTR_TRY_ASSIGN(plan_, plan_replay(stored_, options, environment_));
      plan_.request.probes = command_.probes;
      plan_.request.trace = plan_.request.trace || command_.trace;
      return check_differences(stored_.id, plan_.differences, command_.anyway);
    };
    if (const Status status = steps(); !status) return refuse(status.error());
    install_interrupt_handler();
    environment_.verbose = command_.verbosity > 0;
    if (!command_.json) print(introduction(stored_, plan_, command_.current));
    if (command_.until) return stop();
    for (int i = 1; i <= command_.times && !interrupted(); ++i) {
      Replayed replayed = replay(stored_, plan_, environment_);
      exit_ = worse_exit(exit_, exit_code(replayed.record.outcome));
      show(replayed, i);
      if (replayed.record.outcome == Outcome::kBadInput) break;
    }
    if (interrupted()) exit_ = worse_exit(exit_, exit_code(Outcome::kInterrupted));
    if (command_.json) print(dumped(document()));
    return exit_;
  }

 private:
  // Runs it until the moment asked for, and lets a person look.
  int stop() {
    bool shown_all = true;
    auto steps = [&]() -> Status {
      TimeTravel travel{.gdb = command_.gdb, .show = command_.show, .cpus = plan_.request.settings.topology.cpus()};
      KTSTR_TRY_ASSIGN(travel.moment, find_stop_moment(stored_, *command_.until));
      KTSTR_TRY_ASSIGN(const KernelImage kernel,
                       select_kernel({.cache_root = environment_.cache_dir / "kernels"}, plan_.request.kernel));
      travel.vmlinux = kernel.vmlinux;
      KTSTR_TRY_ASSIGN(const TempDir work, TempDir::create(fs::temp_directory_path(), "ktstr-stopped"));
      travel.work_dir = work.path();
      bool stopped = false;
      travel.look = [&](const StoppedGuest& guest) {
        stopped = true;
        print(command_.json ? dumped(as_json(guest, travel.moment)) : as_text(guest, travel.moment));
        if (command_.show.empty() || command_.gdb) wait_for_a_person();
        shown_all =
            std::all_of(guest.shown.begin(), guest.shown.end(), [](const auto& one) { return one.error.empty(); });
      };
      KTSTR_TRY_ASSIGN(plan_.request.pause, make_pause(travel));
      const RunRecord record = run(plan_.request, environment_);
      // What was shown is all that there is to it.
      if (stopped && !command_.show.empty()) remove_run(record);
      if (stopped) return ok();
      if (!record.error.empty()) return Error(ErrorCode::kGuestLost, record.error).with_hint(record.error_hint);
      return fail(ErrorCode::kGuestLost, "the run ended before it was to be stopped, with {}",
                  to_string(record.outcome));
    };
    const Status status = steps();
    if (!status) return refuse(status.error());
    return shown_all ? kExitOk : exit_code(Outcome::kBadInput);
  }

  int refuse(const Error& error) {
    const int code = report_error(error);
    if (!command_.json) return code;
    print(dumped({{"replay_of", stored_.id.empty() ? command_.run : stored_.id},
                  {"error", error.message()},
                  {"error_hint", error.hint()},
                  {"differences", differences()},
                  {"exit_code", code}}));
    return code;
  }

  void show(const Replayed& replayed, int number) {
    const RunRecord& record = replayed.record;
    if (command_.json) {
      Json run = Json::parse(to_json(record));
      run["same_digest"] = replayed.same_digest ? Json(*replayed.same_digest) : Json();
      run["first_difference"] = replayed.same_digest == true ? "" : replayed.difference;
      if (command_.with_console) run["console"] = console_of(record);
      if (command_.with_events) run["events"] = events_of(record);
      same_ = same_ && replayed.same_digest == true;
      runs_.push_back(std::move(run));
      return;
    }
    if (record.outcome == Outcome::kBadInput) {
      report_error(Error(ErrorCode::kInvalidArgument, record.error).with_hint(record.error_hint));
      return;
    }
    const bool nothing_new = number > 1 && replayed.same_digest == true;
    if (!nothing_new) print("\n" + shown_report(record, command_.verbosity > 0));
    if (command_.with_console) print("\nConsole\n" + console_of(record));
    if (command_.with_events) print("\nEvents (guest time in seconds, who, what)\n" + events_of(record));
    if (!nothing_new) print("\n");
    if (command_.times > 1)
      print(fmt::format("replay {} of {}: {}, ", number, command_.times, to_string(record.outcome)));
    print(comparison(stored_, plan_, replayed));
  }

  Json differences() const {
    Json list = Json::array();
    for (const Difference& one : plan_.differences)
      list.push_back({{"what", one.what}, {"recorded", one.recorded}, {"here", one.here}, {"way_out", one.way_out}});
    return list;
  }

  Json document() const {
    Json changed = Json::array();
    for (const ChangedInput& one : plan_.changed)
      changed.push_back({{"input", one.path}, {"recorded", one.recorded}, {"here", one.here}});
    return {{"replay_of", stored_.id},
            {"recorded_digest", stored_.record ? stored_.record->digest : ""},
            {"same_digest", same_ && !runs_.empty()},
            {"differences", differences()},
            {"changed_inputs", std::move(changed)},
            {"runs", runs_},
            {"exit_code", exit_}};
  }

  void print(std::string_view text) {
    if (const Status printed = print_out(text); !printed) exit_ = worse_exit(exit_, report_error(printed.error()));
  }

  const ReplayCommand& command_;
  const Progress progress_;
  RunnerEnvironment environment_ = RunnerEnvironment::from_process();
  std::optional<FileLock> held_;
  StoredRun stored_;
  ReplayPlan plan_;
  Json runs_ = Json::array();
  bool same_ = true;
  int exit_ = kExitOk;
};

}  // namespace

int execute(const ReplayCommand& command) {
  set_verbosity(command.verbosity);
  return ReplaySession(command).execute();
}

}  // namespace ktstr::cli
