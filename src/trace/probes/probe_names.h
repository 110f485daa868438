// SPDX-License-Identifier: Apache-2.0
//
// The probes that a user has asked for, by the numbers that their events have.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trace/events.h"

namespace ktstr {

class ProbeNames {
 public:
  using TaskName = std::function<std::string(std::int32_t pid)>;

  void follow(const TraceEvent& event);
  // Of a kProbe: "simple_enqueue(p 131, enq_flags WAKEUP)", "f(1, 2)", "probe 7()" where the trace does not say which
  // that is; of an end "f -> 3", "f -> void", "f -> ? (goes on at 0xffffffff81000000)". Tasks are called what `task`
  // says, where it is set.
  std::string text(const TraceEvent& event, const TaskName& task = {}) const;
  std::string name(std::uint32_t number) const;  // "simple_enqueue"
  // Whether ends of this function are seen, too.
  bool has_end(const std::string& name) const { return with_ends_.contains(name); }
  // The first task that a function's parameters name; none for an end.
  std::optional<std::int32_t> task_of(const TraceEvent& event) const;
  // "ERROR_STALL" of scx_exit_kind; the number where the trace does not say what it is called.
  std::string value_text(const std::string& type, std::uint64_t value) const;

 private:
  struct Parameter {
    std::string name, format;  // as in parameters.h
  };
  struct Placed {
    std::string name;
    std::vector<Parameter> parameters;
  };
  struct Enum {
    std::size_t prefix = 0;  // characters that all names begin with
    std::vector<std::pair<std::uint64_t, std::string>> names;
  };
  const Placed* placed(std::uint32_t number) const;
  std::vector<std::string> values_of(const TraceEvent& event, const trace::Probe& probe, const TaskName& task) const;

  std::vector<Placed> placed_;
  std::set<std::string, std::less<>> with_ends_;
  std::map<std::string, Enum, std::less<>> enums_;
};

}  // namespace ktstr
