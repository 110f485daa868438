// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/payload_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "model/names.h"

namespace ktstr {

namespace {

constexpr EnumName<Payload::Output> kOutputs[] = {{Payload::Output::kExitCode, "exit_code"},
                                                  {Payload::Output::kJson, "json"}};
using CheckKind = PayloadCheck::Kind;
constexpr EnumName<CheckKind> kChecks[] = {{CheckKind::kMin, "min"},
                                           {CheckKind::kMax, "max"},
                                           {CheckKind::kRange, "range"},
                                           {CheckKind::kExists, "exists"},
                                           {CheckKind::kExitCode, "exit_code"}};

template <typename E>
std::optional<E> read_choice(TableReader& reader, std::string_view key, const EnumNames<E>& choices) {
  std::vector<std::string_view> words;
  for (const auto& each : choices) words.push_back(each.text);
  const std::string accepted = fmt::format("\"{}\"", fmt::join(words, "\", \""));
  const auto text = reader.text(key, accepted);
  if (!text) return {};
  const auto choice = choices.value(*text);
  if (!choice)
    reader.mistake(
        key, fmt::format("{} '{}' is not valid;{} accepted: {}", key, *text, did_you_mean(*text, words), accepted));
  return choice;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// A text that is there, not empty and without control characters.
std::optional<std::string> read_word(TableReader& reader, std::string_view key, std::string_view accepted) {
  auto text = reader.text(key, accepted);
  if (!text) {
    if (!reader.has(key)) reader.mistake(key, fmt::format("{} needs a '{}', {}", reader.name(), key, accepted));
    return {};
  }
  if (!text->empty() && !has_control_character(*text)) return text;
  reader.mistake(key, text->empty() ? fmt::format("'{}' is empty; accepted: {}", key, accepted)
                                    : fmt::format("'{}' holds a control character; accepted: {}", key, accepted));
  return {};
}

std::optional<double> read_limit(TableReader& reader, std::string_view key) {
  const auto limit = reader.number(key, "a number like 100 or 0.5");
  if (!limit) {
    if (!reader.has(key)) reader.mistake(key, fmt::format("this check needs '{}', a number", key));
    return {};
  }
  if (std::isfinite(*limit)) return limit;
  reader.mistake(key, fmt::format("{} {} is not valid; accepted: a finite number", key, *limit));
  return {};
}

std::string joined_names(const std::vector<PayloadMetric>& metrics) {
  std::string names;
  for (const PayloadMetric& each : metrics) names += (names.empty() ? "" : ", ") + each.name;
  return names.empty() ? "none" : names;
}

class PayloadReader {
 public:
  PayloadReader(const TomlValue& table, Mistakes& mistakes)
      : reader_(table, "[[payload]]", mistakes), mistakes_(mistakes) {}

  // Empty after any mistake in it. `name` gets its name, if it has one.
  std::optional<Payload> read(std::string& name) {
    const std::size_t before = mistakes_.size();
    const auto name_read = read_word(reader_, "name", "a text like \"disk\"");
    const auto program = read_word(reader_, "program", "a path, or a name in PATH like \"fio\"");
    name = name_read.value_or("");
    Payload payload = Payload::program(name_read.value_or("-"), program.value_or("-"));
    if (auto args = read_args("args")) payload.args(*std::move(args));
    read_known_flags(payload);
    if (auto files = read_args("include")) payload.include(*std::move(files));
    if (const auto limit = reader_.bytes("file_limit"); limit == Bytes{0})
      reader_.mistake("file_limit", "a file limit of 0 leaves no room for output; accepted: 1 and more");
    else if (limit)
      payload.file_limit(*limit);
    payload.output(read_choice(reader_, "output", names_from<kOutputs>()).value_or(Payload::Output::kExitCode));
    read_metrics(payload);
    for (const TomlValue* table : reader_.tables("check"))
      if (const auto check = read_check(*table)) payload.check(*check);
    reader_.finish();
    if (mistakes_.size() == before)
      if (const Status valid = payload.validate(); !valid) mistakes_.add(reader_.at(), valid.error().message());
    if (mistakes_.size() != before) return {};
    return payload;
  }

 private:
  // Texts that a program can be given.
  std::optional<std::vector<std::string>> read_args(std::string_view key) {
    auto args = reader_.texts(key);
    for (const std::string& arg : args.value_or(std::vector<std::string>()))
      if (arg.find('\0') != std::string::npos || (key == "include" && arg.empty()))
        reader_.mistake(key, fmt::format("'{}' holds a text that is {}", key,
                                         arg.empty() ? "empty; accepted: paths of files"
                                                     : "no C string; accepted: texts without NUL"));
    return args;
  }

  void read_known_flags(Payload& payload) {
    auto flags = reader_.texts("known_flags");
    if (!flags) return;
    for (const std::string& flag : *flags)
      if (flag.size() < 3 || !flag.starts_with("--") || flag.find('=') != std::string::npos)
        reader_.mistake(
            "known_flags",
            fmt::format("the known flag '{}' is not valid; accepted: long flags with their dashes and without "
                        "a value, like \"--runtime\"",
                        flag));
    payload.known_flags(*std::move(flags));
  }

  void read_metrics(Payload& payload) {
    for (const TomlValue* table : reader_.tables("metric")) {
      TableReader reader(*table, "[[payload.metric]]", mistakes_);
      PayloadMetric metric;
      const auto name = read_word(reader, "name", "a text like \"write_iops\"");
      metric.path = reader.text("path", "keys and indices like \"jobs.0.write.iops\"").value_or("");
      metric.polarity = read_choice(reader, "polarity", names_of(Polarity{})).value_or(Polarity::kNeutral);
      metric.unit = reader.text("unit", "a text like \"IO/s\"").value_or("");
      reader.finish();
      if (!name) continue;
      metric.name = *name;
      if (std::any_of(metrics_.begin(), metrics_.end(), [&](const auto& each) { return each.name == metric.name; })) {
        reader.mistake("name", fmt::format("the payload has a metric '{}' already", metric.name));
        continue;
      }
      metrics_.push_back(metric);
      payload.metric(std::move(metric));
    }
    if (!metrics_.empty() && payload.output_kind() != Payload::Output::kJson && !reader_.has("output"))
      reader_.mistake("metric", "metrics are read from JSON output; add output = \"json\"");
    else if (!metrics_.empty() && payload.output_kind() != Payload::Output::kJson)
      reader_.mistake("output", "metrics are read from JSON output; accepted beside [[payload.metric]]: \"json\"");
  }

  std::string read_metric_name(TableReader& reader) {
    const auto name = read_word(reader, "metric", "the name of a [[payload.metric]]");
    if (!name) return "";
    std::vector<std::string_view> names;
    for (const PayloadMetric& each : metrics_) names.push_back(each.name);
    if (std::find(names.begin(), names.end(), *name) == names.end())
      reader.mistake("metric", fmt::format("the payload has no metric '{}';{} there are: {}", *name,
                                           did_you_mean(*name, names), joined_names(metrics_)));
    return *name;
  }

  std::optional<PayloadCheck> read_check(const TomlValue& table) {
    TableReader reader(table, "[[payload.check]]", mistakes_);
    const auto kind = read_choice(reader, "kind", names_from<kChecks>());
    if (!kind) {
      if (!reader.has("kind"))
        reader.mistake("kind",
                       "[[payload.check]] needs a 'kind': \"min\", \"max\", \"range\", \"exists\", \"exit_code\"");
      return {};
    }
    const auto check = check_of_kind(*kind, reader);
    reader.finish();
    return check;
  }

  PayloadCheck check_of_kind(CheckKind kind, TableReader& reader) {
    if (kind == CheckKind::kExitCode) return PayloadCheck::exit_code(read_code(reader));
    const std::string metric = read_metric_name(reader);
    if (kind == CheckKind::kMin) return PayloadCheck::min(metric, read_limit(reader, "value").value_or(0));
    if (kind == CheckKind::kMax) return PayloadCheck::max(metric, read_limit(reader, "value").value_or(0));
    if (kind == CheckKind::kExists) return PayloadCheck::exists(metric);
    const auto low = read_limit(reader, "low"), high = read_limit(reader, "high");
    if (low && high && *low > *high)
      reader.mistake("high", fmt::format("high {} is below low {}; the check can never hold", *high, *low));
    return PayloadCheck::range(metric, low.value_or(0), high.value_or(0));
  }

  int read_code(TableReader& reader) {
    const auto code = reader.integer("code", "0 to 255");
    if (!code && !reader.has("code")) reader.mistake("code", "this check needs 'code', 0 to 255");
    if (code && (*code < 0 || *code > 255))
      reader.mistake("code", fmt::format("exit code {} is not valid; accepted: 0 to 255", *code));
    return static_cast<int>(std::clamp<std::int64_t>(code.value_or(0), 0, 255));
  }

  TableReader reader_;
  Mistakes& mistakes_;
  std::vector<PayloadMetric> metrics_;
};

}  // namespace

void DeclaredPayloads::read(TableReader& top) {
  for (const TomlValue* table : top.tables("payload")) {
    std::string name;
    auto payload = PayloadReader(*table, top.mistakes()).read(name);
    if (name.empty()) continue;
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
      top.mistakes().add(table->at, fmt::format("there is a payload '{}' already", name));
      continue;
    }
    names_.push_back(name);
    if (payload) payloads_.push_back(*std::move(payload));
  }
}

const Payload* DeclaredPayloads::find(std::string_view name, SourcePosition at, Mistakes& mistakes) const {
  for (const Payload& payload : payloads_)
    if (payload.name() == name) return &payload;
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) return nullptr;
  const std::vector<std::string_view> names(names_.begin(), names_.end());
  if (names.empty())
    mistakes.add(at, fmt::format("there is no payload '{}'; declare it in a [[payload]] table", name));
  else
    mistakes.add(at, fmt::format("there is no payload '{}';{} there are: {}", name, did_you_mean(name, names),
                                 fmt::join(names, ", ")));
  return nullptr;
}

}  // namespace ktstr
