// SPDX-License-Identifier: Apache-2.0
#include "cli/report_files.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/output_file.h"

namespace ktstr::cli {

namespace {

namespace fs = std::filesystem;

bool is_output(const ReportTarget& target) { return target.path == "-"; }

// Of any name one of a file, without directories of its own.
std::string file_name_of(std::string_view test) {
  std::string name;
  for (const char c : test) name += c == '/' || c == '\0' ? '_' : c;
  return name.empty() || name.starts_with('.') ? "_" + name : name;
}

std::string path_for(const ReportTarget& target, const std::string& test) {
  std::string path = target.path;
  const std::string name = file_name_of(test);
  for (std::size_t at = path.find(kTestInPath); at != std::string::npos; at = path.find(kTestInPath, at + name.size()))
    path.replace(at, kTestInPath.size(), name);
  return path;
}

}  // namespace

ReportFiles::ReportFiles(std::vector<ReportTarget> targets) : targets_(std::move(targets)) {
  wants_records_ =
      std::any_of(targets_.begin(), targets_.end(), [](const auto& one) { return one.format->wants_record; });
}

Result<std::vector<ReportTarget>> ReportFiles::parse(std::string_view text) {
  std::vector<ReportTarget> targets;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end != 0) {
      KTSTR_TRY_ASSIGN(ReportTarget target, ReportTarget::parse(text.substr(0, end)));
      targets.push_back(std::move(target));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return targets;
}

bool ReportFiles::takes_output() const {
  return std::any_of(targets_.begin(), targets_.end(),
                     [](const ReportTarget& one) { return is_output(one) && !one.format->beside_text; });
}

Status ReportFiles::prepare() const {
  std::map<std::string, const ReportTarget*> paths;
  for (const ReportTarget& target : targets_) {
    const std::string said = fmt::format("--report {}:{}", target.format->name, target.path);
    if (const auto [at, is_new] = paths.emplace(target.path, &target); !is_new && !is_output(target))
      return Error(ErrorCode::kInvalidArgument, fmt::format("{}: {} goes there, too", said, at->second->format->name))
          .with_hint("each needs a file of its own");
    const fs::path directory = fs::path(target.path).parent_path();
    if (is_output(target) || target.path.find(kTestInPath) != std::string::npos) continue;
    KTSTR_TRY(check_output(target.path).context(said));
    if (directory.empty()) continue;
    std::error_code error;
    fs::create_directories(directory, error);
    if (error)
      return Error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", said, error.message()))
          .with_hint("name a file in a directory that you may write to");
  }
  return ok();
}

void ReportFiles::add(const Cell& cell, const RunRecord& record, std::uint64_t number) {
  if (!targets_.empty()) runs_.push_back(reported(cell, record, number, wants_records_));
}

void ReportFiles::add(const RunRecord& record) {
  if (!targets_.empty()) runs_.push_back(reported(record, wants_records_));
}

Result<std::string> ReportFiles::write() const {
  std::string output;
  Status status = ok();  // the first that went wrong; the others are written all the same
  for (const ReportTarget& target : targets_) {
    if (is_output(target)) {
      output += target.format->render(runs_);
      continue;
    }
    std::map<std::string, std::vector<ReportedRun>> files;
    if (target.path.find(kTestInPath) == std::string::npos)
      files[target.path] = runs_;
    else
      for (const ReportedRun& run : runs_) files[path_for(target, run.test)].push_back(run);
    for (const auto& [path, runs] : files) {
      Status written = write_output(path, as_byte_span(target.format->render(runs)))
                           .context(fmt::format("--report {}:{}", target.format->name, target.path));
      if (status) status = std::move(written);
    }
  }
  KTSTR_TRY(std::move(status));
  return output;
}

}  // namespace ktstr::cli
