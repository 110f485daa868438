// SPDX-License-Identifier: Apache-2.0
//
// Faults of the kernel itself, made by a module that a payload loads (tests/kernel_faults): each is a failure of its
// own kind, and the module without a fault is none.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KernelFault : public GuestTest {
 protected:
  // A scenario whose first step loads the module, on a kernel of this series.
  GuestRun run_fault(const std::string& fault, const std::string& series = "7", const std::string& checks = "",
                     const std::string& before = "") {
    const fs::path built = fs::path(KTSTR_KERNEL_FAULTS_DIR) / series;
    const std::string module = (built / "ktstr_faults.ko").string();
    const std::string command =
        fmt::format("{} exec {} {} fault={}", before, (built / "load_module").string(), module, fault);
    const fs::path file = write("fault.toml", fmt::format(R"(
name = 'fault'
topology = '1n1l2c1t'
[checks]
{}
[[payload]]
name = 'fault'
program = 'sh'
args = ['-c', '{}']
include = ['{}', '{}']
[[step]]
hold = '300ms'
[[step.cgroup]]
name = 'cg_0'
workers = 1
[[step.op]]
op = 'run_payload'
payload = 'fault'
)",
                                                          checks, command, module, (built / "load_module").string()));
    return run({file.string(), "--kernel", series});
  }

  bool is_built(const std::string& series) {
    need_kernel(series);
    if (IsSkipped() || HasFatalFailure()) return false;
    const fs::path module = fs::path(KTSTR_KERNEL_FAULTS_DIR) / series / "ktstr_faults.ko";
    if (fs::exists(module)) return true;
    skip_or_fail("vm", module.string() + " is not built; `./dev.sh test` builds it");
    return false;
  }

  static std::string message_of(const GuestRun& run, const std::string& kind) {
    for (const auto& detail : run.json.at("details"))
      if (detail.at("kind") == kind) return detail.at("message");
    return "";
  }
};

// Each on a kernel of 7 and of 6.18, whose reports differ in their words.
class KernelFaultOn : public KernelFault, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, KernelFaultOn, testing::Values("7", "6.18"),
                         [](const auto& kernel) { return std::string(kernel.param) == "7" ? "Of7" : "Of618"; });

TEST_P(KernelFaultOn, AnOopsFailsTheRunAndSaysWhereItWas) {
  if (!is_built(GetParam())) return;
  const GuestRun ran = run_fault("oops", GetParam());
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), Contains("kernel_oops"));
  const std::string message = message_of(ran, "kernel_oops");
  EXPECT_THAT(message, HasSubstr("NULL pointer dereference"));
  EXPECT_THAT(message, HasSubstr("[ktstr_faults]"));
  EXPECT_THAT(message, HasSubstr("load_module["));
  EXPECT_THAT(ran.json["new_taint"].get<std::string>(), HasSubstr("D"));
  EXPECT_FALSE(ran.json["kernel_reports"].empty());
}

TEST_P(KernelFaultOn, AWarningFailsTheRunOnce) {
  if (!is_built(GetParam())) return;
  const GuestRun ran = run_fault("warn_twice", GetParam());
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), ElementsAre("kernel_warning"));
  EXPECT_THAT(message_of(ran, "kernel_warning"), HasSubstr("ktstr_faults.c:123"));
  EXPECT_THAT(message_of(ran, "kernel_warning"), HasSubstr("2 times"));
}

TEST_P(KernelFaultOn, AHangIsTheKernelsAndSaysWhereItsCpusStand) {
  if (!is_built(GetParam())) return;
  const GuestRun ran = run_fault("hang", GetParam());
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_EQ(ran.failures().at(0), "kernel_hang");
  ASSERT_EQ(ran.json["vcpus"].size(), 2u);
  for (const auto& vcpu : ran.json["vcpus"]) {
    EXPECT_EQ(vcpu["state"], "kernel, interrupts off");
    EXPECT_THAT(vcpu["symbol"].get<std::string>(), HasSubstr("in a module"));
  }
}

// A lock that is never given back: `pause` in its loop lets the guest's clock crawl, the other one does not. Who sees
// it first depends on whose CPU it is: the body that waits for the payload's death, the host when the agent is silent,
// or the kernel's own watchdog. Each takes a minute: one on each kernel.
TEST_P(KernelFaultOn, ACpuThatSpinsInTheKernelWithInterruptsOnIsFound) {
  if (!is_built(GetParam())) return;
  for (const char* fault : {std::string_view(GetParam()) == "7" ? "spin" : "lockup"}) {
    SCOPED_TRACE(fault);
    const GuestRun ran = run_fault(fault, GetParam());
    ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
    const std::string kind = ran.failures().at(0);
    EXPECT_THAT(kind, AnyOf("kernel_hang", "kernel_stall", "stuck"));
    EXPECT_THAT(message_of(ran, kind), AnyOf(HasSubstr("in a module (kernel, interrupts on)"),
                                             HasSubstr("(load_module, state R); it hangs in the kernel")));
  }
}

TEST_F(KernelFault, AModuleWithoutAFaultPasses) {
  if (!is_built("7")) return;
  const GuestRun ran = run_fault("none");
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), IsEmpty());
  EXPECT_EQ(ran.json["new_taint"], "OE");
  EXPECT_TRUE(ran.json["kernel_reports"].empty());
}

TEST_F(KernelFault, IsANoteWhereTheTestAllowsIt) {
  if (!is_built("7")) return;
  const GuestRun ran = run_fault("warn", "7", "kernel_log_allow = ['ktstr_faults.c:123']");
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(message_of(ran, "note"), HasSubstr("allowed by kernel_log_allow: kernel_warning"));
}

// Its stack overflows; the kernel says "BUG: x[61]: segfault at ...".
TEST_F(KernelFault, AProgramThatIsCalledLikeAReportIsNone) {
  need_kernel("7");
  if (IsSkipped() || HasFatalFailure()) return;
  const fs::path file = write("named.toml", R"(
name = 'named'
topology = '1n1l2c1t'
[[payload]]
name = 'named'
program = 'sh'
args = ['-c', 'printf "BUG: x" >/proc/$$/comm; ulimit -s 64; f() { f; }; f']
[[step]]
hold = '300ms'
[[step.op]]
op = 'run_payload'
payload = 'named'
)");
  const GuestRun ran = run({file.string(), "--kernel", "7"});
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), ElementsAre("payload"));
  EXPECT_THAT(message_of(ran, "payload"), HasSubstr("SIGSEGV"));
  EXPECT_TRUE(ran.json["kernel_reports"].empty());
}

TEST_P(KernelFaultOn, ATaskThatHangsIsReportedWithItsPlace) {
  if (!is_built(GetParam())) return;
  const GuestRun ran = run_fault("hung_task", GetParam(), "", "echo 1 >/proc/sys/kernel/hung_task_timeout_secs;");
  ASSERT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), Contains("hung_task"));
  EXPECT_THAT(message_of(ran, "hung_task"), HasSubstr("msleep"));
  // What keeps the body from its end is named, too.
  EXPECT_THAT(message_of(ran, "stuck"), HasSubstr("(load_module, state D in msleep); it hangs in the kernel"));
}

}  // namespace
}  // namespace ktstr
