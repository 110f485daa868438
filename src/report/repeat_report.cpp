// SPDX-License-Identifier: Apache-2.0
#include "report/repeat_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>

#include "model/field_text.h"
#include "model/names.h"
#include "report/report_sections.h"
#include "report/units.h"
#include "results/run_record_fields.h"
#include "results/run_record_json.h"

namespace ktstr {

namespace {

template <typename T>
std::string differ(std::string_view what, const T& a, const T& b) {
  return fmt::format("{}: {} and {}", what, a, b);
}

// "max_gap_ns" as "max gap (ns)".
std::string field_label(std::string_view name) {
  const bool is_time = name.ends_with("_ns");
  std::string label(name.substr(0, name.size() - (is_time ? 3 : 0)));
  std::replace(label.begin(), label.end(), '_', ' ');
  return label + (is_time ? " (ns)" : "");
}

// What a field of RunTuple is called where its name does not say it.
constexpr std::pair<std::string_view, std::string_view> kInputLabels[] = {
    {"vary", "what the seed varies"}, {"work_type", "work type of swappable cgroups"},
    {"kernel_sha256", "kernel"},      {"turn_instructions", "turns in instructions"},
    {"cpu_speeds", "speeds of CPUs"}, {"policy", "policy of turns"},
    {"quantum_ns", "quantum"},        {"memory_bytes", "memory"},
    {"qemu_version", "QEMU"},         {"schedule", "which CPU is held where"},
};

std::string input_label(std::string_view name) {
  for (const auto& [field, label] : kInputLabels)
    if (field == name) return std::string(label);
  return field_label(name);
}

// A visitor over the fields of two tuples, for the first that differs.
class InputDifference {
 public:
  template <typename T>
  void operator()(std::string_view name, const T& a, const T& b, auto...) {
    if (text_.empty() && a != b) text_ = differ(input_label(name), shown(name, a), shown(name, b));
  }
  void operator()(std::string_view, const std::map<std::string, std::string>& a,
                  const std::map<std::string, std::string>& b) {
    if (text_.empty()) text_ = file_difference(a, b);
  }
  std::string take() { return std::move(text_); }

 private:
  static std::string shown(std::string_view name, const std::string& text) {
    return name.ends_with("_sha256") ? text.substr(0, 12) : text;
  }
  static std::string shown(std::string_view, const Topology& topology) { return topology.to_string(); }
  template <std::integral T>
  static std::string shown(std::string_view name, T value) {
    return name.ends_with("_ns") ? short_duration(static_cast<std::uint64_t>(value)) : fmt::format("{}", value);
  }
  static std::string file_difference(const std::map<std::string, std::string>& a,
                                     const std::map<std::string, std::string>& b) {
    for (const auto& [path, hash] : a) {
      const auto other = b.find(path);
      if (other == b.end()) return path + " was delivered to one of them only";
      if (other->second != hash) return "the contents of " + path;
    }
    for (const auto& [path, hash] : b)
      if (!a.contains(path)) return path + " was delivered to one of them only";
    return "";
  }
  std::string text_;
};

std::string input_difference(const RunTuple& a, const RunTuple& b) {
  InputDifference difference;
  fields(difference, a, b);
  return difference.take();
}

// "WHOSE, FIELD: X and Y", of the first that differs.
template <typename T>
std::string field_difference(const std::string& whose, const T& a, const T& b) {
  constexpr std::size_t kMostShown = 80;
  const auto of_a = field_texts(a), of_b = field_texts(b);
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    const std::string &x = of_a[i].second, &y = of_b[i].second;
    if (x == y) continue;
    const std::string name = whose + ", " + field_label(of_a[i].first);
    return x.size() > kMostShown || y.size() > kMostShown ? name : differ(name, printable(x), printable(y));
  }
  return "";
}

std::string mark_difference(const RunRecord& a, const RunRecord& b) {
  for (std::size_t i = 0; i < std::min(a.marks.size(), b.marks.size()); ++i) {
    const StepMark &x = a.marks[i], &y = b.marks[i];
    const std::string what = (x.step > 0 ? "" : "the ") + what_happened(x);
    if (x.kind != y.kind || x.step != y.step) return fmt::format("event {}: {} in one of them only", i + 1, what);
    if (x.at_ns != y.at_ns) return fmt::format("{} at {}ns and at {}ns", what, x.at_ns, y.at_ns);
    if (std::string found = field_difference(what, x, y); !found.empty()) return found;
  }
  if (a.marks.size() != b.marks.size()) return differ("number of events", a.marks.size(), b.marks.size());
  return "";
}

std::string stimulus_difference(const RunRecord& a, const RunRecord& b) {
  for (std::size_t i = 0; i < std::min(a.stimuli.size(), b.stimuli.size()); ++i) {
    const Stimulus &x = a.stimuli[i], &y = b.stimuli[i];
    const std::string when = fmt::format("when the ops of step {} were done", x.step);
    if (std::string found = field_difference(when, x, y); !found.empty()) return found;
  }
  if (a.stimuli.size() != b.stimuli.size()) return differ("number of rounds", a.stimuli.size(), b.stimuli.size());
  return "";
}

std::string payload_difference(const PayloadReport& a, const PayloadReport& b) {
  if (a.name != b.name || a.cgroup != b.cgroup)
    return fmt::format("payload {} of {} or {} of {} ended first", printable(a.name), printable(a.cgroup),
                       printable(b.name), printable(b.cgroup));
  const std::string what = fmt::format("payload {}", printable(a.name));
  // By its own name, unless it ended in another way.
  for (std::size_t i = 0; a.exit == b.exit && i < std::min(a.metrics.size(), b.metrics.size()); ++i)
    if (a.metrics[i].value != b.metrics[i].value)
      return differ(what + ", " + printable(a.metrics[i].name), a.metrics[i].value, b.metrics[i].value);
  return field_difference(what, a, b);
}

std::string payloads_difference(const RunRecord& a, const RunRecord& b) {
  for (std::size_t i = 0; i < std::min(a.payloads.size(), b.payloads.size()); ++i)
    if (std::string found = payload_difference(a.payloads[i], b.payloads[i]); !found.empty()) return found;
  if (a.payloads.size() != b.payloads.size()) return differ("number of payloads", a.payloads.size(), b.payloads.size());
  return "";
}

std::string workers_difference(const RunRecord& a, const RunRecord& b) {
  if (a.workers.size() != b.workers.size()) return differ("number of workers", a.workers.size(), b.workers.size());
  for (std::size_t i = 0; i < a.workers.size(); ++i) {
    const WorkerReport &x = a.workers[i], &y = b.workers[i];
    if (x.name() != y.name()) return fmt::format("report {} is of another worker", i + 1);
    if (std::string found = field_difference(printable(x.name()), x, y); !found.empty()) return found;
  }
  return "";
}

// "2 pass, 1 fail".
std::string verdicts(const std::vector<RunRecord>& records) {
  std::vector<std::pair<Outcome, int>> counts;
  for (const RunRecord& record : records) {
    const auto known =
        std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == record.outcome; });
    if (known == counts.end())
      counts.emplace_back(record.outcome, 1);
    else
      ++known->second;
  }
  std::string text;
  for (const auto& [outcome, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(outcome));
  return text;
}

std::string digest_text(const RunRecord& record) {
  return record.digest.empty()
             ? "none"
             : record.digest.substr(0, kDigestShown) + (record.digest_complete ? "" : " (incomplete)");
}

// The runner's comparison saw every event; the record only what reports need.
std::string stated_difference(const RunRecord& record) {
  for (const Detail& detail : record.details)
    if (detail.kind == DetailKind::kNotRepeatable) return printable(detail.message);
  return "";
}

}  // namespace

std::string first_difference(const RunRecord& a, const RunRecord& b) {
  if (std::string found = input_difference(a.tuple, b.tuple); !found.empty()) return found;
  if (a.end_of_guest != b.end_of_guest) return differ("end of the guest", a.end_of_guest, b.end_of_guest);
  if (std::string found = mark_difference(a, b); !found.empty()) return found;
  for (const auto find : {stimulus_difference, workers_difference, payloads_difference})
    if (std::string found = find(a, b); !found.empty()) return found;
  return "";
}

std::string repeat_summary(const std::vector<RunRecord>& records) {
  if (records.empty()) return "";
  const RunRecord& first = records.front();
  std::string text = fmt::format("{} run{} of {}: {}; ", records.size(), records.size() == 1 ? "" : "s",
                                 printable(first.test), verdicts(records));
  if (digests_equal(records))
    return text + fmt::format("{} {}\n", records.size() == 1 ? "digest" : "all with digest", digest_text(first));
  std::size_t other = 1;
  while (other < records.size() && records[other].digest == first.digest) ++other;
  if (other >= records.size()) return text + "no complete digest to compare\n";
  text += first.mode == "det" ? "the digests DIFFER\n"
                              : fmt::format("the digests differ, as they may in {} mode\n", first.mode);
  for (std::size_t i = 0; i < records.size(); ++i)
    text += fmt::format("  run {}  {}\n", i + 1, digest_text(records[i]));
  std::string difference = stated_difference(records[other]);
  if (difference.empty()) difference = first_difference(first, records[other]);
  text += fmt::format("  first difference, run 1 and run {}: {}\n", other + 1,
                      difference.empty() ? "in nothing that the records hold; compare events.bin of both" : difference);
  for (std::size_t i = 0; i < records.size(); ++i)
    for (const std::string& why : records[i].perturbed)
      text += fmt::format("  run {} was perturbed: {}\n", i + 1, printable(why));
  return text;
}

std::string json_report(const std::vector<RunRecord>& records) {
  return records.size() == 1 ? to_json(records.front()) : to_json(records);
}

}  // namespace ktstr
