// SPDX-License-Identifier: Apache-2.0
//
// Scenarios: what is declared, and the functions that run it. A Step is cgroup definitions plus a hold; a scenario is a
// list of steps. Builders throw std::invalid_argument on values that can never work (0 workers, an empty name): that is
// a mistake in the test, not something that happened.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ktstr/checks.h"
#include "ktstr/topology.h"
#include "ktstr/vary.h"
#include "ktstr/work.h"

namespace ktstr {

class CgroupOps;
class EventSink;
class Ctx;

// Which CPUs a cgroup may use, said in terms of the topology and resolved when the step runs.
class CpusetSpec {
 public:
  static CpusetSpec all();
  static CpusetSpec llc(int index);
  static CpusetSpec node(int index);  // the kernel's node number
  static CpusetSpec cpus(CpuSet exact);
  // Part `index` of the machine's CPUs cut into `of` consecutive parts of (nearly) equal size.
  static CpusetSpec slice(int index, int of);
  // `count` of the machine's CPUs, chosen by the seed, for each cgroup of each step anew.
  static CpusetSpec random(int count);

  // kInvalidArgument when the machine has no such LLC, node, CPU or part, or not so many CPUs. `seed` decides what is
  // random.
  Result<CpuSet> resolve(const TestTopology& topology, std::uint64_t seed = 0) const;
  std::string describe() const;  // "llc(0)", "cpus(0-3)"
  friend bool operator==(const CpusetSpec&, const CpusetSpec&) = default;

 private:
  struct All {
    friend bool operator==(const All&, const All&) = default;
  };
  struct Llc {
    int index;
    friend bool operator==(const Llc&, const Llc&) = default;
  };
  struct Node {
    int index;
    friend bool operator==(const Node&, const Node&) = default;
  };
  struct Exact {
    CpuSet cpus;
    friend bool operator==(const Exact&, const Exact&) = default;
  };
  struct Slice {
    int index, of;
    friend bool operator==(const Slice&, const Slice&) = default;
  };
  struct Random {
    int count;
    friend bool operator==(const Random&, const Random&) = default;
  };
  using Kind = std::variant<All, Llc, Node, Exact, Slice, Random>;
  explicit CpusetSpec(Kind kind) : kind_(std::move(kind)) {}
  Kind kind_;
};

// A cgroup with its limits and its workers, in one declaration.
class CgroupDef {
 public:
  static CgroupDef named(std::string name);  // one path component; no '/', not "." or "..", 1 to 200 bytes
  CgroupDef& workers(int count);             // of the first work spec; 1..4096
  CgroupDef& work_type(WorkType type);
  CgroupDef& nice(int value);                // -20..19
  CgroupDef& work(WorkSpec spec);            // a further group of workers in the same cgroup
  CgroupDef& cpuset(CpusetSpec spec);
  CgroupDef& cpu_weight(int weight);         // cpu.weight, 1..10000

  const std::string& name() const { return name_; }
  const std::vector<WorkSpec>& work_specs() const { return work_; }
  const std::optional<CpusetSpec>& cpuset_spec() const { return cpuset_; }
  std::optional<int> weight() const { return weight_; }
  int worker_count() const;

 private:
  explicit CgroupDef(std::string name) : name_(std::move(name)) {}
  std::string name_;
  std::vector<WorkSpec> work_{WorkSpec{}};  // the first one is what workers() and work_type() speak of
  std::optional<CpusetSpec> cpuset_;
  std::optional<int> weight_;
};

// How long a step lasts, in guest time; never beyond the scenario's end.
class HoldSpec {
 public:
  struct Fraction {
    double of_duration;
  };
  struct Fixed {
    std::chrono::nanoseconds time;
  };
  static HoldSpec full() { return HoldSpec(Fraction{1.0}); }
  static HoldSpec fraction(double of_duration) { return HoldSpec(Fraction{of_duration}); }
  static HoldSpec fixed(std::chrono::nanoseconds time) { return HoldSpec(Fixed{time}); }

  // A fraction must be finite and > 0; a fixed time must be >= 0.
  Status validate() const;
  std::chrono::nanoseconds length(std::chrono::nanoseconds duration) const;
  std::string describe() const;

 private:
  using Kind = std::variant<Fraction, Fixed>;
  explicit HoldSpec(Kind kind) : kind_(kind) {}
  Kind kind_;
};

struct Step {
  std::vector<CgroupDef> setup;
  HoldSpec hold = HoldSpec::full();
  std::string name;  // for reports; may be empty
};

// What a running test's body gets. Everything in it is valid while the body runs.
class Ctx {
 public:
  struct Init {
    const TestTopology* topology = nullptr;
    CgroupOps* cgroups = nullptr;
    EventSink* events = nullptr;
    std::chrono::nanoseconds duration{};
    std::uint64_t seed = 0;
    VarySet vary = VarySet::all();
    Checks checks;
    int scheduler_pid = 0;  // 0: none is under test
    std::vector<std::string> args;
  };
  explicit Ctx(Init init) : init_(std::move(init)) {}

  const TestTopology& topology() const { return *init_.topology; }
  CgroupOps& cgroups() const { return *init_.cgroups; }
  EventSink& events() const { return *init_.events; }
  // How long the scenario lasts, in guest time, from the first release of workers.
  std::chrono::nanoseconds duration() const { return init_.duration; }
  // Decides everything that the run varies on purpose.
  std::uint64_t seed() const { return init_.seed; }
  // The seed of one factor's choices; the same for every seed where `--vary` leaves the factor out.
  std::uint64_t seed_for(Vary factor) const { return ktstr::seed_for(factor, init_.vary, init_.seed); }
  const Checks& checks() const { return init_.checks; }
  int scheduler_pid() const { return init_.scheduler_pid; }
  // What stood behind "--" on the command line.
  const std::vector<std::string>& args() const { return init_.args; }

 private:
  Init init_;
};

// One step that holds for the whole duration.
Result<AssertResult> execute_defs(Ctx& ctx, std::vector<CgroupDef> defs);
// Steps in order. An Error means that the harness could not do its part; whatever the scheduler did wrong is in the
// AssertResult.
Result<AssertResult> execute_steps(Ctx& ctx, const std::vector<Step>& steps);
// The same with explicit checks in place of the context's.
Result<AssertResult> execute_steps_with(Ctx& ctx, const std::vector<Step>& steps, const Checks& checks);

}  // namespace ktstr
