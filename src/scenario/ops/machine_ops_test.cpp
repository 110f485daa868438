// SPDX-License-Identifier: Apache-2.0
//
// Ops on the machine, whose files are in a directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "scenario/executor.h"
#include "scenario/testing/fake_world.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OpsOnTheMachine : public testing::Test {
 protected:
  void SetUp() override {
    world_.root = root_.path();
    write(kOnline, "1\n");
    write("sys/devices/system/cpu/online", "0-3\n");
    write("sys/devices/system/cpu/smt/control", "on\n");
    write("proc/sys/kernel/x", "1\t2\n");
    write("proc/irq/9/smp_affinity_list", "0-3\n");
    write("proc/interrupts", "   CPU0\n  9:   0  IO-APIC  9-fasteoi  acpi\n 10:  0 PCI eth0\n");
  }
  void write(const char* path, const char* text) {
    fs::create_directories((root_.path() / path).parent_path());
    ASSERT_TRUE(write_text(root_.path() / path, text));
  }
  std::string text(const char* path) { return *read_text(root_.path() / path); }

  // A run in which each change of `file` takes 200 ms.
  Result<AssertResult> run_slowly(const char* file, const std::vector<Step>& steps) {
    Ctx ctx = world_.ctx();
    ExecutorHooks hooks = world_.hooks();
    hooks.now = [this, file, last = text(file)]() mutable {
      const std::string now = text(file);
      if (std::exchange(last, now) != now) world_.time += 200ms;
      return world_.time;
    };
    return run_scenario(ctx, {}, steps, {}, hooks);
  }
  std::vector<std::string> holds() const {
    std::vector<std::string> found;
    for (const std::string& line : world_.log)
      if (line.starts_with("hold")) found.push_back(line);
    return found;
  }

  static constexpr const char* kOnline = "sys/devices/system/cpu/cpu3/online";
  static constexpr const char* kSmt = "sys/devices/system/cpu/smt/control";
  const TempDir root_ = *TempDir::create(testing::TempDir(), "machine");
  FakeWorld world_;
};

TEST_F(OpsOnTheMachine, ArePutBackAfterTheStep) {
  std::vector<std::string> during;
  Ctx ctx = world_.ctx();
  ExecutorHooks hooks = world_.hooks();
  hooks.hold_until = [&](int, Nanoseconds) -> Result<HoldEnd> {
    during = {text(kOnline), text("proc/sys/kernel/x"), text("proc/irq/9/smp_affinity_list")};
    return HoldEnd::kTimeOver;
  };
  const auto result = run_scenario(
      ctx, {}, {{.ops = {Op::cpu_offline(3), Op::write_sysctl("kernel.x", "3 4"), Op::steer_irq("acpi", 1)}}}, {},
      hooks);
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_EQ(result->verdict(), Verdict::kPass) << result->details.at(0).message;
  EXPECT_THAT(during, ElementsAre("0\n", "3 4\n", "1\n"));
  EXPECT_EQ(text(kOnline), "1\n");
  EXPECT_EQ(text("proc/sys/kernel/x"), "1\t2\n");
  EXPECT_EQ(text("proc/irq/9/smp_affinity_list"), "0-3\n");
}

TEST_F(OpsOnTheMachine, SayWhatIsMissing) {
  world_.root = "/nonexistent";
  const auto result = world_.run({{.ops = {Op::write_sysctl("kernel.nothing", "1")}}});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("there is no /nonexistent/proc/sys/kernel/nothing"));
  EXPECT_EQ(result.error().hint(), "this kernel has no such sysctl");
}

TEST_F(OpsOnTheMachine, SwitchCpusAtTheExpenseOfNoHold) {
  const Step quarter = Step::holding(HoldSpec::fraction(0.25));
  const Step there = Step::with_op(Op::cpu_offline(3), HoldSpec::fraction(0.25));
  const Step there_and_back = Step::with_ops({Op::cpu_offline(3), Op::cpu_online(3)}, HoldSpec::fraction(0.25));
  const auto result = run_slowly(kOnline, {quarter, there, there_and_back, quarter});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_THAT(holds(), ElementsAre("hold 250 ms", "hold 250 ms", "hold 250 ms", "hold 250 ms"));
  EXPECT_THAT(result->details, IsEmpty());
}

TEST_F(OpsOnTheMachine, SwitchSmtAtTheExpenseOfNoHold) {
  world_.topology = TestTopology::expected_for(Topology{1, 1, 2, 2});
  const Step toggles = Step::with_ops({Op::set_smt(false), Op::set_smt(true)}, HoldSpec::fraction(0.5));
  const auto result = run_slowly(kSmt, {toggles, toggles});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_THAT(holds(), ElementsAre("hold 500 ms", "hold 500 ms"));
}

// Else it would go on for as long as the kernel takes, for each of its rounds.
TEST_F(OpsOnTheMachine, SwitchCpusWithinALoopsTime) {
  const auto result =
      run_slowly(kOnline, {Step::with_ops({Op::cpu_offline(3), Op::cpu_online(3)}, HoldSpec::loop(100ms))});
  ASSERT_TRUE(result) << result.error().render();
  EXPECT_THAT(holds(), ElementsAre("hold 100 ms", "hold 100 ms"));
  EXPECT_THAT(result->details, IsEmpty());
}

}  // namespace
}  // namespace ktstr
