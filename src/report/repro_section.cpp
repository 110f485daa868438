// SPDX-License-Identifier: Apache-2.0
#include "report/repro_section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text/duration.h"
#include "report/units.h"

namespace ktstr {

namespace {

std::string how(const RunRecord& record, const Repro& repro) {
  std::string text;
  if (repro.det_runs > 0) text += fmt::format("it failed the same way in run {} in det mode; ", repro.det_runs);
  if (repro.run.empty()) return text + "it was not replayed: " + repro.why_not;
  text += fmt::format("ktstr replay {} with probes", record.id);
  if (repro.det_runs == 0) {
    const bool same = !repro.digest.empty() && repro.digest == record.digest;
    text += same ? ": the same digest" : ": NOT the same digest";
  }
  text += fmt::format(" (run {})", repro.run);
  return repro.why_not.empty() ? text : text + "; " + repro.why_not;
}

std::string seconds_into_body(std::uint64_t at_ns, const RunRecord& record) {
  const double sign = at_ns < record.body_start_ns ? -1 : 1;
  const std::uint64_t apart =
      at_ns < record.body_start_ns ? record.body_start_ns - at_ns : at_ns - record.body_start_ns;
  return fmt::format("{:>10.6f}", sign * static_cast<double>(apart) / 1e9);
}

std::string line_of(const Repro::Call& call, const RunRecord& record) {
  std::string text = fmt::format("  {} [{:03}] {:{}}{}", seconds_into_body(call.at_ns, record), call.cpu, "",
                                 2 * std::min(call.depth, 20), call.words);
  if (call.is_open) text += "  (had not ended)";
  if (call.took_ns) text += fmt::format("  ({})", short_duration(*call.took_ns));
  return text;
}

}  // namespace

std::vector<std::string> repro_lines(const RunRecord& record) {
  if (!record.repro) return {};
  const Repro& repro = *record.repro;
  std::vector<std::string> lines = {how(record, repro)};
  if (!repro.stack.empty()) lines.push_back(fmt::format("stack: {}", fmt::join(repro.stack, " < ")));
  for (const Repro::Part& part : repro.parts) {
    lines.push_back(fmt::format(
        "{}{}:", part.what,
        part.calls == 0 ? "; nothing was called for it" : fmt::format("; the last of {} calls", part.calls)));
    for (const Repro::Call& call : part.lines) lines.push_back(line_of(call, record));
  }
  return lines;
}

}  // namespace ktstr
