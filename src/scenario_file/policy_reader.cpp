// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/policy_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;

constexpr std::string_view kAcceptedFlags = "\"static\", \"relative\", \"numa-balancing\"";

std::string accepted(const std::vector<TextForm>& forms) {
  std::string list;
  for (const TextForm& each : forms) list += fmt::format("{}{}", list.empty() ? "" : ", ", each.form);
  return list;
}

// "fifo:50" is "fifo" and "50".
struct Split {
  std::string_view word;
  std::optional<std::string_view> rest;
};
Split split(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// Without a judgement of the numbers.
std::optional<SchedPolicy> policy_from_text(std::string_view text) {
  const auto [word, rest] = split(text);
  if (!rest) {
    if (word == "normal") return SchedPolicy::normal();
    if (word == "batch") return SchedPolicy::batch();
    if (word == "idle") return SchedPolicy::idle();
    if (word == "ext") return SchedPolicy::ext();
    return {};
  }
  const auto priority = whole_number(*rest);
  if (priority && word == "fifo") return SchedPolicy::fifo(*priority);
  if (priority && word == "rr") return SchedPolicy::rr(*priority);
  return {};
}

std::optional<SchedPolicy> deadline_from(const TomlValue& table, Mistakes& mistakes) {
  TableReader reader(table, "a deadline policy", mistakes);
  const std::size_t before = mistakes.size();
  std::chrono::nanoseconds times[3]{};
  const std::string_view keys[] = {"runtime", "deadline", "period"};
  for (std::size_t i = 0; i < 3; ++i) {
    if (const auto time = reader.duration(keys[i]))
      times[i] = *time;
    else if (!reader.has(keys[i]))
      mistakes.add(table.at,
                   fmt::format("a deadline policy needs '{}'; accepted: {}", keys[i], policy_forms().back().form));
  }
  reader.finish();
  if (mistakes.size() != before) return {};
  return SchedPolicy::deadline_of(times[0], times[1], times[2]);
}

std::optional<MemPolicy> mem_policy_from_text(std::string_view text) {
  const auto [word, rest] = split(text);
  if (!rest) {
    if (word == "default") return MemPolicy{};
    if (word == "local") return MemPolicy::local();
    return {};
  }
  auto nodes = CpuSet::parse(*rest);
  if (!nodes || nodes->empty()) return {};
  if (word == "preferred" && nodes->size() == 1) return MemPolicy::preferred(*nodes->begin());
  if (word == "bind") return MemPolicy::bind(*std::move(nodes));
  if (word == "interleave") return MemPolicy::interleave(*std::move(nodes));
  if (word == "preferred_many") return MemPolicy::preferred_many(*std::move(nodes));
  if (word == "weighted_interleave") return MemPolicy::weighted_interleave(*std::move(nodes));
  return {};
}

unsigned flag_bit(std::string_view name) {
  if (name == "static") return MemPolicy::kStaticNodes;
  if (name == "relative") return MemPolicy::kRelativeNodes;
  return name == "numa-balancing" ? MemPolicy::kNumaBalancing : 0;
}

std::optional<MemPolicy> mem_policy_text(TableReader& reader, std::string_view key, const std::string& text) {
  auto policy = mem_policy_from_text(text);
  if (!policy)
    reader.mistake(key, fmt::format("'{}' is not a memory policy; accepted: {}", text, accepted(mem_policy_forms())));
  return policy;
}

std::optional<MemPolicy> mem_policy_table(const TomlValue& table, Mistakes& mistakes) {
  TableReader reader(table, "a memory policy", mistakes);
  const std::size_t before = mistakes.size();
  const auto text = reader.text("policy", accepted(mem_policy_forms()));
  const auto flags = reader.texts("flags").value_or(std::vector<std::string>());
  reader.finish();
  if (!text) {
    if (!reader.has("policy"))
      mistakes.add(table.at,
                   fmt::format("a memory policy needs a 'policy'; accepted: {}", accepted(mem_policy_forms())));
    return {};
  }
  auto policy = mem_policy_text(reader, "policy", *text);
  unsigned bits = 0;
  for (const std::string& flag : flags) {
    if (flag_bit(flag) == 0)
      reader.mistake("flags", fmt::format("'{}' is not a flag of a memory policy;{} accepted: {}", flag,
                                          did_you_mean(flag, mem_policy_flags()), kAcceptedFlags));
    bits |= flag_bit(flag);
  }
  if (mistakes.size() != before) return {};
  return policy->with_flags(bits);
}

}  // namespace

const std::vector<TextForm>& policy_forms() {
  static const std::vector<TextForm> forms = {
      {"\"normal\"", "SCHED_OTHER"},
      {"\"batch\"", "SCHED_BATCH"},
      {"\"idle\"", "SCHED_IDLE"},
      {"\"ext\"", "SCHED_EXT, for schedulers that take only such tasks"},
      {"\"fifo:50\"", "SCHED_FIFO with a priority of 1 to 97"},
      {"\"rr:50\"", "SCHED_RR with a priority of 1 to 97"},
      {"{ runtime = \"2ms\", deadline = \"10ms\", period = \"10ms\" }", "SCHED_DEADLINE"},
  };
  return forms;
}

const std::vector<TextForm>& mem_policy_forms() {
  static const std::vector<TextForm> forms = {
      {"\"default\"", "the kernel's own"},
      {"\"local\"", "from the node where the worker runs"},
      {"\"preferred:0\"", "from this node while it has memory"},
      {"\"preferred_many:0-1\"", "from these nodes while they have memory (Linux 5.15)"},
      {"\"bind:0-1\"", "from these nodes only"},
      {"\"interleave:0-1\"", "from these nodes in turn"},
      {"\"weighted_interleave:0-1\"", "in turn, by the weights of the nodes (Linux 6.9)"},
      {"{ policy = \"bind:0-1\", flags = [\"static\"] }", "with flags: static, relative, numa-balancing"},
  };
  return forms;
}

const std::vector<std::string_view>& mem_policy_flags() {
  static const std::vector<std::string_view> names = {"static", "relative", "numa-balancing"};
  return names;
}

std::optional<SchedPolicy> read_policy(TableReader& reader, std::string_view key) {
  const TomlValue* value = reader.find(key);
  if (value == nullptr) return {};
  std::optional<SchedPolicy> policy;
  if (value->kind == Kind::kTable) {
    policy = deadline_from(*value, reader.mistakes());
  } else if (value->kind != Kind::kString) {
    reader.refuse_kind(key, *value, accepted(policy_forms()));
  } else {
    policy = policy_from_text(value->text);
    if (!policy)
      reader.mistake(key, fmt::format("'{}' is not a policy; accepted: {}", value->text, accepted(policy_forms())));
  }
  if (!policy) return {};
  const Status valid = policy->validate();
  reader.mistake(key, valid);
  return valid ? policy : std::nullopt;
}

std::optional<MemPolicy> read_mem_policy(TableReader& reader, std::string_view key) {
  const TomlValue* value = reader.find(key);
  if (value == nullptr) return {};
  if (value->kind == Kind::kString) return mem_policy_text(reader, key, value->text);
  if (value->kind == Kind::kTable) return mem_policy_table(*value, reader.mistakes());
  reader.refuse_kind(key, *value, accepted(mem_policy_forms()));
  return {};
}

}  // namespace ktstr
