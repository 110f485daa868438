// SPDX-License-Identifier: Apache-2.0
#include "script_export/script_export.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "base/system/process.h"
#include "canned/canned.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ScriptRequest request_for(std::string text, const std::string& name, const std::string& topology) {
  ScriptRequest request{.text = std::move(text), .file_name = name, .version = "ktstr 0.1.0"};
  request.settings.topology = *Topology::parse(topology);
  request.settings.test = "it";
  request.settings.duration = 1s;
  request.machine = TestTopology::expected_for(request.settings.topology);
  request.machine_text = topology;
  return request;
}

ExportedScript exported(std::string text, const std::string& topology = "1n2l2c1t") {
  const auto made = export_script(request_for(std::move(text), "it.toml", topology));
  EXPECT_TRUE(made) << made.error().render();
  return made ? *made : ExportedScript();
}

// Its lines behind the functions.
std::string lines_of(const ExportedScript& script) {
  const std::size_t from = script.text.find("\nduration=");
  return from == std::string::npos ? "" : script.text.substr(from + 1);
}

// One that bash reads; `linted`: and that shellcheck, which takes its time, finds nothing in.
void expect_script(const std::string& text, const std::string& what, bool linted = false) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_script_test");
  ASSERT_TRUE(dir);
  const fs::path file = dir->path() / "it.sh";
  ASSERT_TRUE(write_text(file, text));
  const auto parsed = run_captured({.argv = {"bash", "-n", file.string()}}, 10s);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->status.success()) << what << ": " << parsed->err;
  if (!linted || !find_program("shellcheck")) return;
  const auto checked = run_captured({.argv = {"shellcheck", "--severity=warning", file.string()}}, 60s);
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->out, "") << what;
}

TEST(ScriptExport, HasLimitsWorkersAndTimes) {
  const ExportedScript made = exported(
      "[[step]]\nhold = \"300ms\"\n"
      "[[step.cgroup]]\nname = \"cg_0\"\nworkers = 2\ncpuset = \"llc:1\"\ncpu_weight = 50\nnice = 5\n"
      "[[step.cgroup]]\nname = \"cg_1\"\nwork = { type = \"Bursty\", burst = \"5ms\", sleep = \"10ms\" }\n"
      "[[step]]\n[[step.op]]\nop = \"freeze_cgroup\"\ncgroup = \"all\"\n"
      "[backdrop]\n[[backdrop.cgroup]]\nname = \"all\"\npolicy = \"fifo:10\"\n");
  EXPECT_EQ(lines_of(made),
            "duration=1000000 end=''\n"
            "make_base cpuset cpu\n"
            "enable_in . cpuset cpu\n"
            "make_group all\n"
            "spawn all 1 'policy=--fifo 10' -- work_spin\n"
            "release\n"
            "\n"
            "begin_step 'step 1'\n"
            "make_group cg_0\n"
            "put cg_0 cpuset.cpus 2-3\n"
            "put cg_0 cpu.weight 50\n"
            "make_group cg_1\n"
            "spawn cg_0 2 nice=5 -- work_spin\n"
            "spawn cg_1 1 -- work_phases spin:5000 sleep:10000\n"
            "hold 300000\n"
            "end_step\n"
            "\n"
            "begin_step 'step 2'\n"
            "put all cgroup.freeze 1\n"
            "hold 1000000\n"
            "end_step\n"
            "clean_up\n"
            "say 'done'\n");
  EXPECT_THAT(made.not_expressed, IsEmpty());
  EXPECT_THAT(made.text, HasSubstr("# Planned for 1n2l2c1t. The CPUs that it names: 2-3.\n"));
  EXPECT_THAT(made.text, HasSubstr("ktstr run it.toml --host"));
  expect_script(made.text, "it", true);
}

TEST(ScriptExport, SaysWhatAShellCannotDo) {
  const ExportedScript made = exported(
      "[[cgroup]]\nname = \"a\"\nworkers = 4\nwork = \"FutexPingPong\"\n"
      "[[cgroup]]\nname = \"b\"\nwork = \"Schbench\"\nslice = \"2ms\"\nworkers = 5\n");
  ASSERT_EQ(made.not_expressed.size(), 3U);
  EXPECT_THAT(made.not_expressed[0], HasSubstr("a: FutexPingPong"));
  EXPECT_THAT(made.not_expressed[0], HasSubstr("'stress-ng --futex 1' instead"));
  EXPECT_THAT(made.not_expressed[1], HasSubstr("b: Schbench"));
  EXPECT_THAT(made.not_expressed[2], HasSubstr("slice"));
  EXPECT_THAT(lines_of(made), HasSubstr("spawn a 2 -- work_stress --futex 1\n"));
  for (const std::string& each : made.not_expressed) EXPECT_THAT(made.text, HasSubstr("#   " + each + "\n"));
}

TEST(ScriptExport, StartsTheScheduler) {
  ScriptRequest request = request_for("[[cgroup]]\nname = \"a\"\n", "it.toml", "1n1l2c1t");
  request.scheduler = "scx_mine --slice 5ms";
  const auto made = export_script(request);
  ASSERT_TRUE(made);
  EXPECT_THAT(made->text, HasSubstr("scheduler=(scx_mine --slice 5ms) with_scheduler=1\n"));
  EXPECT_THAT(lines_of(*made), HasSubstr("start_scheduler \"${scheduler[@]}\"\n"));
  expect_script(made->text, "scheduler", true);
}

TEST(ScriptExport, NamesOfOthersAreNeitherCodeNorLines) {
  ScriptRequest request = request_for("[[cgroup]]\nname = \"a $(touch made); 'b\"\n", "a\nrm -rf x.toml", "1n1l2c1t");
  request.settings.test = "x\nreboot";
  const auto made = export_script(request);
  ASSERT_TRUE(made) << made.error().render();
  EXPECT_THAT(made->text, HasSubstr("make_group 'a $(touch made); '\\''b'\n"));
  EXPECT_THAT(made->text, Not(HasSubstr("\nreboot")));
  EXPECT_THAT(made->text, Not(HasSubstr("\nrm -rf")));
}

TEST(ScriptExport, PlansForAKernelThatHasAll) {
  const ExportedScript sysctls = exported(":sysctl_change");
  EXPECT_THAT(lines_of(sysctls), HasSubstr("change_sysctl /proc/sys/kernel/sched_rt_runtime_us 900000\n"));
  EXPECT_THAT(lines_of(sysctls), HasSubstr("change_sysctl /proc/sys/kernel/sched_cfs_bandwidth_slice_us 3000\n"));
  EXPECT_THAT(lines_of(sysctls), HasSubstr("change_sysctl /proc/sys/kernel/sched_schedstats 1\n"));
  EXPECT_THAT(lines_of(exported(":uclamp")), HasSubstr("set_clamps cg_0 512 1024\n"));
  for (const char* cookies : {":core_sched", ":cookie_storm"})
    EXPECT_THAT(exported(cookies, "1n1l2c2t").not_expressed, Contains(HasSubstr("core_sched"))) << cookies;
}

TEST(ScriptExport, NamesOfStressNgsWorkersAreItsOwn) {
  const ExportedScript made = exported("[[cgroup]]\nname = \"a\"\nwork = \"YieldHeavy\"\ncomm = \"mine\"\n");
  EXPECT_THAT(made.not_expressed, Contains(HasSubstr("a: the name 'mine' of its workers")));
}

// Each is a script that bash reads, whatever of it a shell can do.
TEST(ScriptExport, OfAllCannedScenariosIsAScript) {
  int scripts = 0;
  for (const CannedScenario& each : canned_scenarios()) {
    const auto made = export_script(
        request_for(":" + std::string(each.name), ":" + std::string(each.name), std::string(each.topology)));
    // None of them asks the kernel that runs here.
    ASSERT_TRUE(made) << each.name << ": " << made.error().render();
    ++scripts;
    EXPECT_THAT(lines_of(*made), HasSubstr("hold ")) << each.name;
    expect_script(made->text, std::string(each.name));
  }
  EXPECT_GT(scripts, 30);
}

TEST(ScriptExport, OfAllExamplesIsAScript) {
  for (const auto& each : fs::directory_iterator(KTSTR_EXAMPLES)) {
    if (each.path().extension() != ".toml") continue;
    const auto text = read_text(each.path());
    ASSERT_TRUE(text);
    const auto file = parse_scenario(*text, each.path().string());
    if (!file || file->steps.empty()) continue;
    ScriptRequest request = request_for(*text, each.path().string(),
                                        file->names_topology ? file->settings.topology.to_string() : "1n2l2c1t");
    request.settings = file->settings;
    const auto made = export_script(request);
    ASSERT_TRUE(made) << each.path() << made.error().render();
    expect_script(made->text, each.path().string());
  }
}

}  // namespace
}  // namespace ktstr
