// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/replay_differences.h"

#include <algorithm>
#include <array>

#include "engine/qemu/turns.h"

namespace ktstr {

namespace {

constexpr std::size_t kShaShown = 12;

std::string named(const std::string& release, const std::string& sha) {
  return fmt::format("{} ({})", release, sha.substr(0, kShaShown));
}

// "7.3.4" of "7.3.4+deb13-cloud-amd64": what `ktstr kernel fetch` takes.
std::string version_of(const std::string& release) {
  return release.substr(0, release.find_first_not_of("0123456789."));
}

std::string hint_or(const Error& error, const std::string& otherwise) {
  return error.hint().empty() ? otherwise : error.hint();
}

using Row = std::array<std::string, 3>;

std::string table(std::vector<Row> rows, const Row& headings) {
  if (rows.empty()) return "";
  rows.insert(rows.begin(), headings);
  std::size_t widths[2] = {};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < 2; ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const Row& row : rows)
    text += fmt::format("  {:<{}}  {:<{}}  {}\n", row[0], widths[0], row[1], widths[1], row[2]);
  return text;
}

}  // namespace

std::vector<Difference> differences_between(const StoredRun& stored, const Here& here, bool stored_agent) {
  std::vector<Difference> found;
  const RunTuple& tuple = stored.tuple;
  if (here.mode_error)
    found.push_back({"mode", stored.request.mode, here.mode_error->message(), true,
                     hint_or(*here.mode_error, "the mode decides the run; det runs can be replayed on any machine")});
  const std::string kernel = named(stored.kernel, tuple.kernel_sha256);
  if (here.kernel_error)
    found.push_back(
        {"kernel", kernel, "not here", true,
         fmt::format("`ktstr kernel fetch {}` may get it, or name it: --kernel PATH", version_of(stored.kernel))});
  else if (here.kernel_sha256 != tuple.kernel_sha256)
    found.push_back(
        {"kernel", kernel, named(here.kernel, here.kernel_sha256), false,
         fmt::format("`ktstr kernel fetch {}` may get it, or name it: --kernel PATH", version_of(stored.kernel))});
  if (here.qemu_error)
    found.push_back(
        {"QEMU", tuple.qemu_version, "not here", true, hint_or(*here.qemu_error, here.qemu_error->message())});
  else if (here.qemu_version != tuple.qemu_version)
    found.push_back(
        {"QEMU", tuple.qemu_version, here.qemu_version, false, "install that version and name it: KTSTR_QEMU=PATH"});
  const auto plugin = tuple.inputs.find(kTurnsPluginName);
  if (plugin != tuple.inputs.end() && plugin->second != here.turns_plugin_sha256)
    found.push_back({kTurnsPluginName, plugin->second.substr(0, kShaShown),
                     here.turns_plugin_sha256.empty() ? "not here" : here.turns_plugin_sha256.substr(0, kShaShown),
                     here.turns_plugin_sha256.empty(), "name that of the ktstr that ran it: KTSTR_TURNS_PLUGIN=PATH"});
  if (stored_agent && here.mailbox_version != stored.mailbox_version)
    found.push_back({"mailbox", fmt::format("version {}", stored.mailbox_version),
                     fmt::format("version {}", here.mailbox_version), true,
                     "replay it with the ktstr that ran it, or with the agent of now: --current"});
  if (here.inputs_error)
    found.push_back({"inputs", "stored", here.inputs_error->message(), true, here.inputs_error->hint()});
  return found;
}

std::vector<ChangedInput> changed_inputs(const std::map<std::string, std::string>& recorded,
                                         const std::map<std::string, std::string>& here) {
  std::map<std::string, ChangedInput> all;
  for (const auto& [path, sha] : recorded) all[path].recorded = sha;
  for (const auto& [path, sha] : here) all[path].here = sha;
  std::vector<ChangedInput> changed;
  for (auto& [path, input] : all) {
    if (input.recorded == input.here) continue;
    input.path = path;
    changed.push_back(std::move(input));
  }
  return changed;
}

std::string table_of(const std::vector<Difference>& differences) {
  std::vector<Row> rows;
  for (const Difference& one : differences) rows.push_back({one.what, one.recorded, one.here});
  return table(std::move(rows), {"what", "recorded", "here"});
}

std::string table_of(const std::vector<ChangedInput>& changed) {
  const auto shown = [](const std::string& sha) { return sha.empty() ? std::string("-") : sha.substr(0, kShaShown); };
  std::vector<Row> rows;
  for (const ChangedInput& one : changed) rows.push_back({one.path, shown(one.recorded), shown(one.here)});
  return table(std::move(rows), {"input", "recorded", "here"});
}

Status check_differences(const std::string& id, const std::vector<Difference>& differences, bool anyway) {
  const bool impossible =
      std::any_of(differences.begin(), differences.end(), [](const Difference& d) { return d.prevents; });
  if (differences.empty() || (anyway && !impossible)) return ok();
  std::string text =
      fmt::format("run {} cannot be replayed {}here:\n{}", id, impossible ? "" : "exactly ", table_of(differences));
  for (const Difference& one : differences)
    if (!one.way_out.empty()) text += fmt::format("  {}: {}\n", one.what, one.way_out);
  text.pop_back();
  Error error(ErrorCode::kUnsupported, std::move(text));
  if (!impossible) error.with_hint("--anyway replays it here all the same; the digest may differ then");
  return error;
}

}  // namespace ktstr
