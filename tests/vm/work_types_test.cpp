// SPDX-License-Identifier: Apache-2.0
//
// Each work type does what it is for, as the recorder sees it: how much of its time a worker runs, how often it is
// woken, how often it gets a CPU, in which class. Under the kernel's own scheduler and under a BPF scheduler.
#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>

#include "guests.h"

namespace ktstr {
namespace {

struct Range {
  double least = 0, most = INFINITY;
  bool contains(double value) const { return value >= least && value <= most; }
};

// Of each worker of a part.
struct Part {
  std::string role;
  Range ran = {};            // share of the time
  Range woken = {};          // a second
  Range runs = {};           // times that it got a CPU, a second
  Range moved = {};          // to other CPUs, a second
  std::string classes = "";  // "rt", "fair", "ext"; "": that of the scheduler
};

struct Signature {
  std::string name;
  std::string work;  // as a scenario has it
  std::vector<Part> parts;
  std::string more = {};  // other keys of the cgroup
  std::string topology = "1n1l4c1t";
  friend void PrintTo(const Signature& signature, std::ostream* os) { *os << signature.name; }
};

const Range kBusy{0.9, 1.1}, kNotWoken{0, 20};

std::vector<Signature> signatures() {
  const auto plain = [](const std::string& type, Part part) {
    return Signature{type, "\"" + type + "\"", {std::move(part)}};
  };
  const auto on_one_cpu = [](const std::string& type, Part part) {
    return Signature{type, "\"" + type + "\"", {std::move(part)}, "workers = 2\ncpuset = \"0\"\n"};
  };
  return {
      plain("SpinWait", {"", kBusy, kNotWoken}),
      plain("AluHot", {"", kBusy, kNotWoken}),
      plain("SmtSiblingSpin", {"", kBusy, kNotWoken}),
      plain("IpcVariance", {"", kBusy, kNotWoken}),
      plain("CachePressure", {"", kBusy, kNotWoken}),
      plain("PageFaultChurn", {"", kBusy, kNotWoken}),
      on_one_cpu("YieldHeavy", {"", {0.4, 0.6}, kNotWoken, {1000}}),
      on_one_cpu("Mixed", {"", {0.4, 0.6}, kNotWoken, {1000}}),
      on_one_cpu("CacheYield", {"", {0.4, 0.6}, kNotWoken, {500}}),
      on_one_cpu("NiceSweep", {"", {0.2, 0.8}, kNotWoken, {200}}),
      plain("Bursty", {"", {0.3, 0.7}, {5, 20}}),
      plain("IdleChurn", {"", {0.12, 0.25}, {140, 180}}),
      plain("TimerLatency", {"", {0, 0.2}, {950, 1050}}),
      plain("Periodic", {"", {0.18, 0.3}, {95, 110}}),
      {"Sequence",
       "{ type = \"Sequence\", phases = [\"spin:3ms\", \"sleep:5ms\", \"yield:1ms\", \"alu:1ms\"] }",
       {{"", {0.4, 0.6}, {90, 110}}}},
      plain("PipeIo", {"", {0.3, 1.1}, {500}}),
      plain("FutexPingPong", {"", {0.3, 1.1}, {500}}),
      plain("CachePipe", {"", {0.3, 1.1}, {200}}),
      {"AsymmetricWaker",
       "{ type = \"AsymmetricWaker\", waker_class = \"fifo\", wakee_class = \"batch\" }",
       {{"waker", {0.2, 1.1}, {500}, {}, {}, "rt"}, {"wakee", {0.2, 1.1}, {500}}}},
      plain("SignalStorm", {"", kBusy, kNotWoken}),
      {"FutexFanOut", "\"FutexFanOut\"", {{"messenger", {0.1, 1.1}, {300}}, {"receiver", {0.05, 0.9}, {300}}}},
      {"FanOutCompute",
       "{ type = \"FanOutCompute\", cache_footprint_kib = 16 }",
       {{"messenger", {0, 0.5}, {20}}, {"receiver", {0.3, 1.1}, {40}}}},
      {"ThunderingHerd",
       "\"ThunderingHerd\"",
       {{"messenger", {0, 0.3}, {150}}, {"receiver", {0.005, 0.2}, {100, 200}}}},
      {"WakeChainOfPipes", "\"WakeChain\"", {{"", {0.15, 0.6}, {400}}}},
      {"WakeChainOfFutexes", "{ type = \"WakeChain\", wake = \"futex\", depth = 3 }", {{"", {0.15, 0.6}, {400}}}},
      {"MutexContention", "{ type = \"MutexContention\", hold_iters = 4096 }", {{"", {0.1, 0.7}, {200}}}},
      {"PriorityInversion",
       "\"PriorityInversion\"",
       {{"high", {0.1, 0.9}, {200}, {}, {}, "rt"},
        {"medium", {0.1, 0.9}, {200}, {}, {}, "rt"},
        {"low", {0.6, 1.1}, {}, {}, {}, "rt"}}},
      {"PriorityInheritance",
       "{ type = \"PriorityInversion\", pi_mode = \"pi\" }",
       {{"high", {0.1, 0.9}, {200}, {}, {}, "rt"}, {"low", {0.5, 1.1}, {}, {}, {}, "rt"}}},
      {"ProducerConsumerImbalance",
       "\"ProducerConsumerImbalance\"",
       {{"producer", {0, 0.3}, {900, 1050}}, {"consumer", {0.1, 1.1}, {300}}}},
      {"EpollStorm",
       "{ type = \"EpollStorm\", events_per_burst = 4 }",
       {{"producer", {0, 0.5}, {700}}, {"consumer", {0, 0.9}}}},
      {"RtStarvation",
       "\"RtStarvation\"",
       {{"real-time", kBusy, kNotWoken, {}, {}, "rt"}, {"ordinary", {0, 0.2}}},
       "workers = 2\ncpuset = \"0\"\n"},
      {"PreemptStorm",
       "\"PreemptStorm\"",
       {{"real-time", {0.02, 0.4}, {500}, {}, {}, "rt"}, {"ordinary", {0.2, 0.6}, {}, {150}}},
       "cpuset = \"0\"\n"},
      {"AffinityChurn", "\"AffinityChurn\"", {{"", {0.5, 1.1}, {}, {}, {500}}}},
      {"PolicyChurn", "\"PolicyChurn\"", {{"", kBusy}}},
      {"NumaMigrationChurn",
       "{ type = \"NumaMigrationChurn\", period = \"20ms\" }",
       {{"", {0.8, 1.1}, {}, {}, {20}}},
       {},
       "2n2l2c1t"},
      {"NumaWorkingSetSweep",
       "{ type = \"NumaWorkingSetSweep\", region_kib = 512, sweep_period = \"20ms\" }",
       {{"", {0.02, 0.6}, {40, 150}}},
       {},
       "2n2l2c1t"},
      {"ForkExit", "\"ForkExit\"", {{"", {0.2, 0.9}, {200}}}},
      {"Replay",
       "{ type = \"Replay\", period = \"10ms\", tasks = [\"run:2ms+wake:1+sleep:3ms\", \"wait+run:3ms\"] }",
       {{"task 0", {0.17, 0.29}, {170, 220}}, {"task 1", {0.26, 0.38}, {170, 220}}}},
      {"Schbench",
       "{ type = \"Schbench\", cache_footprint_kib = 16 }",
       {{"messenger", {0, 0.3}, {30}}, {"worker", {0.7, 1.1}, {15}}}},
      {"Taobench",
       "{ type = \"Taobench\", cache_capacity_mib = 1 }",
       {{"client", {0.2, 1}, {300}}, {"slow", {0.02, 0.9}, {300}}}},
      {"RequestServer",
       "\"RequestServer\"",
       {{"generator", {0.02, 0.5}, {700, 1200}}, {"server", {0.15, 0.6}, {100, 600}}}},
      {"ThreadPool", "\"ThreadPool\"", {{"submitter", {0.02, 0.9}, {200}}, {"thread", {0.7, 1.1}}}},
      plain("Pipeline", {"", {0.4, 1.1}}),
      plain("ActorRing", {"", {0.15, 0.7}, {300}}),
      {"FramePacing", "\"FramePacing\"", {{"main", {0.2, 0.45}, {50, 200}}, {"helper", {0.2, 0.45}, {50, 100}}}},
      {"AudioCallback",
       "\"AudioCallback\"",
       {{"callback", {0.03, 0.25}, {150, 250}, {}, {}, "rt"}, {"feeder", {0.15, 0.4}, {150, 260}}}},
      plain("BuildTree", {"", {0.02, 0.5}, {50, 500}}),
      {"CrossAffinityChurn", "\"CrossAffinityChurn\"", {{"", {0.7, 1.1}, {}, {}, {200}}}},
      {"CgroupChurn", "{ type = \"CgroupChurn\", cycle = \"2ms\" }", {{"", kBusy, kNotWoken}}},
      {"CgroupAttachStorm", "\"CgroupAttachStorm\"", {{"", {0.6, 1.1}, {20}}}},
      {"CgroupAttachStormIgnoring", "{ type = \"CgroupAttachStorm\", reap = \"ignore\" }", {{"", {0.6, 1.1}, {20}}}},
      plain("IoSyncWrite", {"", {0.2, 0.8}, {2000, 8000}}),
      plain("IoRandRead", {"", {0.2, 0.8}, {2000, 8000}}),
      plain("IoConvoy", {"", {0.2, 0.8}, {2000, 8000}}),
      plain("NetTraffic", {"", {0.05, 0.3}, {900, 1050}}),
      {"IrqWake", "\"IrqWake\"", {{"sender", {0.05, 0.4}, {900, 1050}}, {"receiver", {0.05, 0.4}, {900, 1050}}}},
  };
}

struct Case {
  Signature signature;
  bool under_bpf;
  friend void PrintTo(const Case& each, std::ostream* os) {
    *os << each.signature.name << (each.under_bpf ? " under scx_ktstr" : "");
  }
};
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Signature& signature : signatures())
    for (const bool under_bpf : {false, true}) all.push_back({signature, under_bpf});
  return all;
}

class WorkTypes : public GuestTest, public testing::WithParamInterface<Case> {
 protected:
  void expect_signature(const GuestRun& ran) {
    for (const auto& cgroup : ran.json.at("cgroups"))
      for (const auto& latency : cgroup.at("latencies")) EXPECT_GT(latency.at("count"), 0) << latency;
    std::map<int, nlohmann::json> account_of;
    const nlohmann::json accounts = accounts_of(ran);
    for (const auto& task : accounts.at("tasks")) account_of[task.at("pid").get<int>()] = task;
    for (const Part& part : GetParam().signature.parts) {
      int seen = 0;
      for (const auto& worker : ran.json.at("workers")) {
        if (worker.at("role") != part.role) continue;
        ++seen;
        const auto found = account_of.find(worker.at("pid").get<int>());
        ASSERT_NE(found, account_of.end()) << worker;
        expect_part(part, worker, found->second);
      }
      EXPECT_GT(seen, 0) << part.role;
    }
    for (const auto& [cgroup, ran_ns] : accounts.at("cgroups").items())
      if (cgroup.find("/of-work-") != std::string::npos) {
        EXPECT_GT(ran_ns.get<double>(), 20e6) << cgroup;
      }
    if (GetParam().signature.name == "CgroupChurn") {
      EXPECT_TRUE(accounts.at("cgroups").contains("/ktstr/load/of-work-1"));
    }
  }

  static void expect_part(const Part& part, const nlohmann::json& worker, const nlohmann::json& account) {
    const double time = worker.at("wall_time_ns").get<double>() / 1e9;
    const auto a_second = [&](const char* key) { return account.at(key).get<double>() / time; };
    const auto expect = [&](const Range& range, double value, const char* what) {
      EXPECT_TRUE(range.contains(value)) << part.role << ": " << what << " " << value << ", expected " << range.least
                                         << " to " << range.most;
    };
    expect(part.ran, a_second("ran_ns") / 1e9, "share of the time that it ran");
    expect(part.woken, a_second("wakeups"), "wake-ups a second");
    expect(part.runs, a_second("runs"), "runs a second");
    expect(part.moved, a_second("moved_awake") + a_second("moved_asleep"), "moves a second");
    const std::string own = GetParam().under_bpf ? "ext" : "fair";
    // A part of a mix is born as an ordinary task. What changes its policy itself may be found in any class.
    if (GetParam().signature.name == "PolicyChurn") return;
    EXPECT_NE(worker.at("sched_class").get<std::string>().find(part.classes.empty() ? own : part.classes),
              std::string::npos)
        << worker.at("sched_class");
  }
};

TEST_P(WorkTypes, ShowInWhatTheRecorderSaw) {
  need_kernel("7");
  const auto& [signature, under_bpf] = GetParam();
  const fs::path scenario = write(
      "work.toml",
      "topology = \"" + signature.topology + "\"\nduration = \"200ms\"\n[checks]\n" +
          "scheduler_used = false\nprogress = false\nmax_gap = false\nmax_starved = false\nmax_spread_pct = false\n" +
          "[[cgroup]]\nname = \"load\"\nwork = " + signature.work + "\n" + signature.more);
  std::vector<std::string> arguments = {scenario.string(), "--kernel", "7"};
  if (under_bpf) arguments.insert(arguments.end(), {"--scheduler", fixture()});
  const GuestRun ran = run(arguments);
  EXPECT_EQ(ran.status, 0) << ran.err << ran.first_message();
  expect_signature(ran);
}

class WorkTypeList : public GuestTest {};

TEST_F(WorkTypeList, HasNoneWithoutASignature) {
  const auto said = run_captured({.argv = {KTSTR_PROGRAM, "work", "list", "--json"}}, std::chrono::seconds(60));
  ASSERT_TRUE(said) << said.error().render();
  const auto list = nlohmann::json::parse(said->out);
  EXPECT_FALSE(list.empty());
  const std::vector<Signature> all = signatures();
  for (const auto& type : list) {
    const std::string name = type.at("name").dump();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Signature& each) {
      return each.work.find(name) != std::string::npos;
    })) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, WorkTypes, testing::ValuesIn(cases()), [](const auto& each) {
  return each.param.signature.name + (each.param.under_bpf ? "UnderScx" : "");
});

}  // namespace
}  // namespace ktstr
