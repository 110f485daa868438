// SPDX-License-Identifier: Apache-2.0
#include "rt_app/rt_app.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text/json_fault.h"
#include "base/text/printable.h"
#include "rt_app/json_text.h"

namespace ktstr {

namespace {

using Json = nlohmann::json;

// A value with the line of its key. An object keeps its members in their order, and keys that stand twice: rt-app's
// files say "run" several times in one.
struct Node {
  int line = 1;
  std::string key;
  Json value;  // of an object or an array: only which of both it is
  std::vector<Node> members;
};

constexpr std::size_t kDeepest = 32;

// nlohmann's events come in the order of the text, as the lines of its keys do.
class TreeBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit TreeBuilder(std::string_view text) : lines_(key_lines(text)) {}
  Node take() { return std::move(root_); }
  const std::string& fault() const { return fault_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    key_ = name;
    line_ = used_ < lines_.size() ? lines_[used_] : line_;
    ++used_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    fault_ = json_fault(error.id, error.what());
    return false;
  }

 private:
  bool add(Json value) {
    Node node{line_, std::move(key_), std::move(value), {}};
    key_.clear();
    if (open_.empty())
      root_ = std::move(node);
    else
      open_.back().members.push_back(std::move(node));
    return true;
  }
  bool open(Json kind) {
    if (open_.size() == kDeepest) {
      fault_ = "it is nested too deeply";
      return false;
    }
    open_.push_back({line_, std::move(key_), std::move(kind), {}});
    key_.clear();
    return true;
  }
  bool close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    if (open_.empty())
      root_ = std::move(node);
    else
      open_.back().members.push_back(std::move(node));
    return true;
  }

  std::vector<int> lines_;
  std::size_t used_ = 0;
  int line_ = 1;
  std::string key_, fault_;
  std::vector<Node> open_;
  Node root_;
};

Error refusal(const Node& node, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, "line {}: '{}': {}", node.line, escaped(node.key), why);
}

bool is_named(const Node& node, std::string_view name) { return node.key == name; }
// rt-app takes "run", "run1", "run_b" alike.
bool begins(const Node& node, std::string_view name) { return node.key.starts_with(name); }

Result<std::int64_t> whole(const Node& node, std::int64_t least, std::int64_t most) {
  if (!node.value.is_number_integer()) return refusal(node, "must be a whole number");
  const auto number = node.value.get<std::int64_t>();
  if (number < least || number > most) return refusal(node, fmt::format("must be from {} to {}", least, most));
  return number;
}

constexpr std::int64_t kLongestUs = 3'600'000'000;
constexpr std::size_t kMostPhases = 256;

// What is known, and says nothing about the load.
constexpr std::string_view kIgnoredGlobals[] = {
    "calibration", "calib_cpu",  "gnuplot",   "logdir",          "log_basename", "log_size",        "ftrace",
    "lock_pages",  "pi_enabled", "io_device", "mem_buffer_size", "frag",         "cumulative_slack"};
constexpr std::string_view kNotHad[] = {"lock",    "unlock",    "wait",   "signal", "broad", "sync",
                                        "barrier", "suspend",   "resume", "mem",    "iorun", "fork",
                                        "sem_",    "taskgroup", "exec",   "dl-"};

struct Task {
  std::string comm, policy, affinity;
  std::optional<std::int64_t> nice;
  std::int64_t instances = 1;
  std::vector<std::string> phases;
};

class Importer {
 public:
  explicit Importer(std::string name) : name_(std::move(name)) {}

  Result<ImportedScenario> run(const Node& root) {
    const Node* tasks = nullptr;
    for (const Node& member : root.members) {
      if (is_named(member, "tasks"))
        tasks = &member;
      else if (is_named(member, "global")) {
        KTSTR_TRY(read_global(member));
      } else if (!is_named(member, "resources")) {
        return refusal(member, "is not known; accepted: tasks, global, resources");
      }
    }
    if (tasks == nullptr || tasks->members.empty()) return fail(ErrorCode::kInvalidArgument, "there are no 'tasks'");
    for (const Node& member : tasks->members) {
      KTSTR_TRY_ASSIGN(Task task, read_task(member));
      tasks_.push_back(std::move(task));
    }
    if (std::all_of(tasks_.begin(), tasks_.end(), [](const Task& task) { return task.instances == 0; }))
      return refusal(*tasks, "none of them has an instance");
    return ImportedScenario{text(), std::move(notes_)};
  }

 private:
  void note(const Node& node, std::string_view what) {
    notes_.push_back(fmt::format("line {}: {} {}: {}", node.line, escaped(node.key), escaped(node.value.dump()), what));
  }

  Status read_global(const Node& global) {
    for (const Node& member : global.members) {
      if (is_named(member, "duration")) {
        KTSTR_TRY_ASSIGN(const std::int64_t seconds, whole(member, -1, 3600));
        if (seconds <= 0)
          note(member, "without end; the scenario takes 10 s");
        else
          seconds_ = seconds;
      } else if (is_named(member, "default_policy")) {
        KTSTR_TRY_ASSIGN(default_policy_, policy_name(member));
      } else if (std::none_of(std::begin(kIgnoredGlobals), std::end(kIgnoredGlobals),
                              [&](std::string_view known) { return is_named(member, known); })) {
        return refusal(member, "is not known");
      }
    }
    return ok();
  }

  static Result<std::string> policy_name(const Node& node) {
    const std::string text = node.value.is_string() ? node.value.get<std::string>() : "";
    for (const auto& [theirs, ours] : {std::pair{"SCHED_OTHER", "normal"},
                                       {"SCHED_FIFO", "fifo"},
                                       {"SCHED_RR", "rr"},
                                       {"SCHED_IDLE", "idle"},
                                       {"SCHED_BATCH", "batch"}})
      if (text == theirs) return ours;
    return refusal(node, "is none of SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO, SCHED_RR");
  }

  Result<Task> read_task(const Node& node) {
    if (!node.value.is_object()) return refusal(node, "must be an object");
    Task task;
    task.comm = node.key.substr(0, 15);
    std::string policy = default_policy_;
    std::optional<std::int64_t> priority;
    const Node* phases = nullptr;
    std::vector<const Node*> events;
    for (const Node& member : node.members) {
      if (is_named(member, "instance")) {
        KTSTR_TRY_ASSIGN(task.instances, whole(member, 0, 4096));
      } else if (is_named(member, "loop")) {
        KTSTR_TRY_ASSIGN(const std::int64_t loop, whole(member, -1, INT64_MAX));
        if (loop >= 0) note(member, "here it goes on to the end of the scenario");
      } else if (is_named(member, "policy")) {
        KTSTR_TRY_ASSIGN(policy, policy_name(member));
      } else if (is_named(member, "priority")) {
        KTSTR_TRY_ASSIGN(priority, whole(member, -20, 97));
      } else if (is_named(member, "cpus")) {
        KTSTR_TRY_ASSIGN(task.affinity, cpu_list(member));
      } else if (is_named(member, "phases")) {
        phases = &member;
      } else {
        events.push_back(&member);
      }
    }
    if (phases != nullptr && !events.empty()) return refusal(*events.front(), "stands beside 'phases'");
    if (phases != nullptr) {
      for (const Node& phase : phases->members) KTSTR_TRY(read_phase(phase, task));
    }
    for (const Node* event : events) KTSTR_TRY(read_event(*event, task.phases));
    if (task.phases.size() > kMostPhases) return refusal(node, fmt::format("has more than {} phases", kMostPhases));
    if (task.phases.empty()) return refusal(node, "does nothing: there is no run, sleep or timer in it");
    const bool real_time = policy == "fifo" || policy == "rr";
    if (real_time && priority.value_or(10) < 1) return refusal(node, "its priority must be from 1 to 97");
    if (real_time)
      task.policy = fmt::format("{}:{}", policy, priority.value_or(10));
    else if (priority)
      task.nice = *priority;
    if (task.policy.empty() && policy != "normal") task.policy = policy;
    if (task.nice && (*task.nice < -20 || *task.nice > 19)) return refusal(node, "its priority is no nice value");
    return task;
  }

  static Result<std::string> cpu_list(const Node& node) {
    std::string text;
    if (!node.value.is_array()) return refusal(node, "must be a list of CPU numbers");
    for (const Node& cpu : node.members) {
      if (!cpu.value.is_number_unsigned()) return refusal(node, "must be a list of CPU numbers");
      text += fmt::format("{}{}", text.empty() ? "" : ",", cpu.value.get<std::uint64_t>());
    }
    return text;
  }

  Status read_phase(const Node& phase, Task& task) {
    std::int64_t loop = 1;
    std::vector<std::string> steps;
    for (const Node& member : phase.members) {
      if (is_named(member, "loop")) {
        KTSTR_TRY_ASSIGN(loop, whole(member, 1, static_cast<std::int64_t>(kMostPhases)));
        continue;
      }
      for (const std::string_view own : {"cpus", "policy", "priority", "taskgroup", "nodes_membind"})
        if (is_named(member, own)) return refusal(member, "of a phase alone is not supported; say it of the task");
      KTSTR_TRY(read_event(member, steps));
    }
    if (task.phases.size() + static_cast<std::size_t>(loop) * steps.size() > kMostPhases)
      return refusal(phase, fmt::format("with its loops the task has more than {} phases", kMostPhases));
    for (std::int64_t i = 0; i < loop; ++i) task.phases.insert(task.phases.end(), steps.begin(), steps.end());
    return ok();
  }

  // In microseconds.
  static Status add_time(const Node& node, const char* kind, std::vector<std::string>& steps) {
    KTSTR_TRY_ASSIGN(const std::int64_t us, whole(node, 0, kLongestUs));
    if (us > 0) steps.push_back(fmt::format("{}:{}us", kind, us));
    return ok();
  }

  Status read_event(const Node& node, std::vector<std::string>& steps) {
    if (begins(node, "runtime")) return add_time(node, "spin", steps);
    if (begins(node, "run")) return add_time(node, "run", steps);
    if (begins(node, "sleep")) return add_time(node, "sleep", steps);
    if (begins(node, "yield")) {
      steps.emplace_back("yield:1ns");
      return ok();
    }
    if (begins(node, "timer")) return read_timer(node, steps);
    for (const std::string_view other : kNotHad)
      if (begins(node, other)) return refusal(node, "is not supported");
    return refusal(node, "is not known; supported are run, runtime, sleep, timer and yield");
  }

  Status read_timer(const Node& node, std::vector<std::string>& steps) {
    const Node* period = nullptr;
    for (const Node& member : node.members) {
      if (is_named(member, "period"))
        period = &member;
      else if (!is_named(member, "ref") && !is_named(member, "mode"))
        return refusal(member, "of a timer is not known");
      else if (member.value == "absolute")
        note(member, "a late period moves those after it");
    }
    if (period == nullptr) return refusal(node, "has no period");
    return add_time(*period, "timer", steps);
  }

  static std::string quoted(std::string_view text) {
    std::string safe;
    for (const char c : text) safe += c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' ? '_' : c;
    return "\"" + safe + "\"";
  }

  std::string text() const {
    std::string out =
        fmt::format("name = {}\nduration = \"{}s\"\n\n[[cgroup]]\nname = \"rt_app\"\n", quoted(name_), seconds_);
    for (const Task& task : tasks_) {
      if (task.instances == 0) continue;
      out += fmt::format("\n[[cgroup.work]]\ntype = \"Sequence\"\ncomm = {}\nworkers = {}\n", quoted(task.comm),
                         task.instances);
      if (!task.policy.empty()) out += fmt::format("policy = \"{}\"\n", task.policy);
      if (task.nice) out += fmt::format("nice = {}\n", *task.nice);
      if (!task.affinity.empty()) out += fmt::format("affinity = \"{}\"\n", task.affinity);
      out += "phases = [";
      for (const std::string& phase : task.phases)
        out += fmt::format("{}\"{}\"", &phase == &task.phases.front() ? "" : ", ", phase);
      out += "]\n";
    }
    return out;
  }

  std::string name_, default_policy_ = "normal";
  std::int64_t seconds_ = 10;
  std::vector<Task> tasks_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<ImportedScenario> import_rt_app(std::string_view json, const std::string& name) {
  const std::string strict = strict_json(json);
  TreeBuilder builder(strict);
  if (!Json::sax_parse(strict, &builder, nlohmann::detail::input_format_t::json, true, true))
    return fail(ErrorCode::kInvalidArgument, "{}", builder.fault());
  const Node tree = builder.take();
  if (!tree.value.is_object()) return fail(ErrorCode::kInvalidArgument, "it is no JSON object");
  return Importer(name).run(tree);
}

}  // namespace ktstr
