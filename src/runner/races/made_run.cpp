// SPDX-License-Identifier: Apache-2.0
#include "runner/races/made_run.h"

#include <fcntl.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/log.h"
#include "trace/trace_file.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

std::vector<HeldOnce> holds_of(const RunRecord& record) {
  auto held = read_holds(std::filesystem::path(record.run_dir) / kTraceFileName);
  if (held) return *std::move(held);
  log_warn("{}: {}", record.id, held.error().message());
  return {};
}

std::string line_of_run(const MadeRun& run) {
  Json holds = Json::array();
  for (const HeldOnce& one : run.holds) holds.push_back({one.hold, one.times, static_cast<std::uint32_t>(one.end)});
  const Json json = {{"schedule", run.schedule},
                     {"seed", run.seed},
                     {"decided", run.decided},
                     {"failed", run.failed},
                     {"id", run.id},
                     {"run_dir", run.run_dir},
                     {"kind", run.kind},
                     {"message", run.message},
                     {"digest", run.digest},
                     {"replay", run.replay_command},
                     {"repeat", run.repeat_command},
                     {"holds", std::move(holds)},
                     {"nothing_new", run.nothing_new}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<MadeRun> run_in_line(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  try {
    MadeRun run{.schedule = json.at("schedule"),
                .seed = json.at("seed"),
                .decided = json.at("decided"),
                .failed = json.at("failed"),
                .id = json.at("id"),
                .run_dir = json.at("run_dir"),
                .kind = json.at("kind"),
                .message = json.at("message"),
                .digest = json.at("digest"),
                .replay_command = json.at("replay"),
                .repeat_command = json.at("repeat"),
                .holds = {},
                .nothing_new = json.at("nothing_new")};
    for (const Json& one : json.at("holds"))
      run.holds.push_back(
          {.hold = one.at(0), .times = one.at(1), .end = control::HoldChange{one.at(2).get<std::uint32_t>()}});
    return run;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

MadeRun summed_up(const RunRecord& record, const std::string& schedule, std::uint64_t seed) {
  MadeRun run{.schedule = schedule,
              .seed = seed,
              .decided = record.outcome == Outcome::kPass || record.outcome == Outcome::kFail ||
                         record.outcome == Outcome::kInconclusive,
              .failed = record.outcome == Outcome::kFail,
              .id = record.id,
              .run_dir = record.run_dir,
              .digest = record.digest,
              .replay_command = record.replay_command,
              .repeat_command = record.repeat_command};
  const auto detail = std::find_if(record.details.begin(), record.details.end(),
                                   [](const auto& one) { return one.verdict == Verdict::kFail; });
  if (detail != record.details.end()) run.kind = to_string(detail->kind);
  run.message = detail != record.details.end() ? detail->message : record.error;
  if (run.decided && !schedule.empty()) run.holds = holds_of(record);
  return run;
}

Result<MadeRuns> MadeRuns::open(std::filesystem::path file, bool resume) {
  MadeRuns made(std::move(file));
  std::error_code error;
  std::filesystem::create_directories(made.file_.parent_path(), error);
  if (!resume) {
    KTSTR_TRY(write_atomically(made.file_, {}));
    return made;
  }
  if (!std::filesystem::exists(made.file_, error)) return made;
  KTSTR_TRY_ASSIGN(const std::string text, read_text(made.file_));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (auto run = run_in_line(line)) {
      const auto key = std::pair(run->schedule, run->seed);
      made.runs_.insert_or_assign(key, *std::move(run));
    }
  return made;
}

std::optional<MadeRun> MadeRuns::find(const std::string& schedule, std::uint64_t seed) const {
  const auto found = runs_.find({schedule, seed});
  if (found == runs_.end()) return std::nullopt;
  return found->second;
}

Status MadeRuns::add(const MadeRun& run) {
  runs_.insert_or_assign({run.schedule, run.seed}, run);
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(file_, O_WRONLY | O_CREAT | O_APPEND));
  return write_all(fd.get(), as_byte_span(line_of_run(run)));
}

}  // namespace ktstr
