// SPDX-License-Identifier: Apache-2.0
//
// A guest that attacks the harness: it never passes, ends within its limits, and takes of the host no more than its own
// RAM and a bounded rest.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <charconv>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr Bytes kMostMemory = Bytes{256} << 20;
constexpr Bytes kMostDisk = Bytes{320} << 20;

// Memory of the process' own, without files and the guest's RAM, in bytes.
Bytes own_memory(pid_t pid) {
  const auto status = read_text("/proc/" + std::to_string(pid) + "/status");
  constexpr std::string_view kKey = "RssAnon:";
  const std::size_t at = status ? status->find(kKey) : std::string::npos;
  if (at == std::string::npos) return 0;
  const std::size_t number = status->find_first_of("0123456789", at);
  Bytes kib = 0;
  std::from_chars(status->data() + number, status->data() + status->size(), kib);
  return kib << 10;
}

Bytes size_below(const fs::path& directory) {
  Bytes size = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) size += entry.file_size();
  return size;
}

class HostileGuest : public GuestTest {
 protected:
  GuestRun attack(const std::string& name) {
    const std::string scenario =
        "topology = '1n1l2c1t'\nduration = '1s'\n[[payload]]\nname = 'hostile'\nprogram = '" KTSTR_HOSTILE_GUEST
        "'\nargs = ['" +
        name +
        "']\n[[step]]\nhold = '5ms'\n"
        "[[step.op]]\nop = 'run_payload'\npayload = 'hostile'\n"
        "[[step.op]]\nop = 'wait_payload'\npayload = 'hostile'\n";
    return measured({write(name + ".toml", scenario).string()});
  }

  // Runs it, and looks how much it takes.
  GuestRun measured(const std::vector<std::string>& arguments) {
    GuestRun result;
    Subprocess::Options options = command(arguments);
    const fs::path out = state_dir() / "out", err = state_dir() / "err";
    const auto out_fd = open_file(out, O_WRONLY | O_CREAT | O_TRUNC),
               err_fd = open_file(err, O_WRONLY | O_CREAT | O_TRUNC);
    options.stdout_fd = out_fd->get();
    options.stderr_fd = err_fd->get();
    auto process = Subprocess::start(options);
    if (!process) {
      ADD_FAILURE() << process.error().render();
      return result;
    }
    Bytes memory = 0;
    for (;;) {
      const auto status = process->wait(std::chrono::milliseconds(5));
      memory = std::max(memory, own_memory(process->pid()));
      if (status && !*status) continue;
      if (status) result.status = (*status)->kind == ExitStatus::Kind::kExited ? (*status)->value : -1;
      break;
    }
    result.out = *read_text(out);
    result.err = *read_text(err);
    result.json = nlohmann::json::parse(result.out, nullptr, false);
    EXPECT_FALSE(result.json.is_discarded()) << result.out.substr(0, 2000) << result.err;
    EXPECT_LT(memory, kMostMemory);
    EXPECT_LT(size_below(state_dir()), kMostDisk);
    return result;
  }

  static std::vector<std::string> kinds(const GuestRun& ran) {
    std::vector<std::string> all;
    for (const auto& detail : ran.json.at("details")) all.push_back(detail.at("kind"));
    return all;
  }
};

TEST_F(HostileGuest, ThatDoesNothingPasses) {
  const GuestRun ran = attack("nothing");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

TEST_F(HostileGuest, GarbageInTheLanesSaysNothingAboutTheScheduler) {
  const GuestRun ran = attack("garbage");
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  EXPECT_EQ(ran.json["end_of_guest"], "corrupt");
  EXPECT_EQ(ran.json["last_seen"].size(), 1024u) << "workers that it made up";
}

// How far it gets in a second depends on the machine; what is too much, and what that means: collector_test,
// judge_evidence_test.
TEST_F(HostileGuest, RecordsWithoutEndDoNotPass) {
  const GuestRun ran = attack("records");
  EXPECT_NE(ran.status, 0) << ran.out << ran.err;
}

TEST_F(HostileGuest, ARecordThatGrowsWhenItIsDecodedIsRefused) {
  const GuestRun ran = attack("sets");
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.json["error"].get<std::string>(), HasSubstr("topology record"));
}

TEST_F(HostileGuest, FakedPhasesAndHeartbeatsEndTheRun) {
  const GuestRun ran = attack("heartbeats");
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.json["error"].get<std::string>(), HasSubstr("from phase body back to attach"));
}

TEST_F(HostileGuest, LostRecordsAreNoPassHoweverManyTheyAre) {
  const GuestRun ran = attack("dropped");
  EXPECT_EQ(ran.status, 2) << ran.out << ran.err;
  EXPECT_THAT(kinds(ran), Contains("lost_evidence"));
}

TEST_F(HostileGuest, ThatOnlySaysItIsDoneDoesNotPass) {
  const GuestRun ran = attack("done");
  EXPECT_EQ(ran.status, 2) << ran.out << ran.err;
  EXPECT_THAT(kinds(ran), Contains("lost_evidence"));
}

TEST_F(HostileGuest, ADoorbellThatIsRungWithoutEndEndsTheRun) {
  const GuestRun ran = attack("bell");
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  // On a loaded host each answer takes long, and the agent's silence ends the run first.
  EXPECT_THAT(ran.json["error"].get<std::string>(), AnyOf(HasSubstr("doorbell"), HasSubstr("no heartbeat")));
}

TEST_F(HostileGuest, ARequestThatNoGuestOfOursWritesEndsTheRun) {
  const GuestRun ran = attack("requests");
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.json["error"].get<std::string>(), HasSubstr("a request of 2147483648 bytes"));
}

TEST_F(HostileGuest, AFloodedConsoleDoesNotPassAndIsCutDown) {
  const GuestRun ran = attack("console");
  EXPECT_NE(ran.status, 0) << ran.out << ran.err;
  EXPECT_LT(fs::file_size(fs::path(ran.json["run_dir"].get<std::string>()) / "console.log"), Bytes{3} << 20);
}

TEST_F(HostileGuest, AFloodedKernelLogDoesNotPass) {
  const GuestRun ran = attack("kmsg");
  EXPECT_NE(ran.status, 0) << ran.out << ran.err;
}

TEST_F(HostileGuest, ThousandsOfProcessesAreBounded) {
  const GuestRun ran = attack("processes");
  EXPECT_NE(ran.status, 0) << ran.out << ran.err;
}

TEST_F(HostileGuest, RealTimeHogsOnEveryCpuAreAFailure) {
  const GuestRun ran = attack("hog");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
}

TEST_F(HostileGuest, ASchedulerThatPrintsWithoutPauseIsAFailureAndItsLogIsBounded) {
  const GuestRun ran =
      measured({example("two_cgroups.toml"), "--topology", "1n2l2c1t", "--scheduler", fixture("--talk")});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), Contains("output_flood"));
  EXPECT_EQ(ran.json["schedulers"].back()["state_at_end"], "enabled");
}

}  // namespace
}  // namespace ktstr
