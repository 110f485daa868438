// SPDX-License-Identifier: Apache-2.0
#include "runner/replay/replay_differences.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

const std::string kSha(64, '7');

StoredRun some_run() {
  StoredRun stored;
  stored.id = "ID";
  stored.kernel = "7.3.4+deb13-cloud-amd64";
  stored.request.mode = "det";
  stored.tuple.kernel_sha256 = kSha;
  stored.tuple.qemu_version = "10.0.2";
  stored.mailbox_version = 3;
  return stored;
}

Here same_machine() {
  return {.kernel = "7.3.4+deb13-cloud-amd64", .kernel_sha256 = kSha, .qemu_version = "10.0.2", .mailbox_version = 3};
}

std::string refusal(const Here& here, bool anyway = false, bool stored_agent = true) {
  const Status checked = check_differences("ID", differences_between(some_run(), here, stored_agent), anyway);
  return checked ? "accepted" : checked.error().render();
}

TEST(ReplayDifferences, AreNoneOnTheSameMachine) { EXPECT_EQ(refusal(same_machine()), "accepted"); }

TEST(ReplayDifferences, AreAllSaidAtOnceAndAcceptedOnlyAnyway) {
  Here here = same_machine();
  here.kernel = "7.2.1";
  here.kernel_sha256 = std::string(64, 'a');
  here.qemu_version = "8.2.0";
  EXPECT_EQ(refusal(here),
            "run ID cannot be replayed exactly here:\n"
            "  what    recorded                                here\n"
            "  kernel  7.3.4+deb13-cloud-amd64 (777777777777)  7.2.1 (aaaaaaaaaaaa)\n"
            "  QEMU    10.0.2                                  8.2.0\n"
            "  kernel: `ktstr kernel fetch 7.3.4` may get it, or name it: --kernel PATH\n"
            "  QEMU: install that version and name it: KTSTR_QEMU=PATH\n"
            "  hint: --anyway replays it here all the same; the digest may differ then");
  EXPECT_EQ(refusal(here, true), "accepted");
}

TEST(ReplayDifferences, ThatPreventARunAreRefusedAlsoAnyway) {
  Here here = same_machine();
  here.kernel_error = Error(ErrorCode::kNotFound, "no");
  here.qemu_error = Error(ErrorCode::kNotFound, "no QEMU").with_hint("apt install qemu-system-x86");
  here.mode_error = Error(ErrorCode::kUnsupported, "no KVM");
  here.inputs_error = Error(ErrorCode::kCorruptData, "the stored input X is damaged").with_hint("remove it");
  here.mailbox_version = 4;
  const std::string text =
      "run ID cannot be replayed here:\n"
      "  what     recorded                                here\n"
      "  mode     det                                     no KVM\n"
      "  kernel   7.3.4+deb13-cloud-amd64 (777777777777)  not here\n"
      "  QEMU     10.0.2                                  not here\n"
      "  mailbox  version 3                               version 4\n"
      "  inputs   stored                                  the stored input X is damaged\n"
      "  mode: the mode decides the run; det runs can be replayed on any machine\n"
      "  kernel: `ktstr kernel fetch 7.3.4` may get it, or name it: --kernel PATH\n"
      "  QEMU: apt install qemu-system-x86\n"
      "  mailbox: replay it with the ktstr that ran it, or with the agent of now: --current\n"
      "  inputs: remove it";
  EXPECT_EQ(refusal(here), text);
  EXPECT_EQ(refusal(here, true), text);
}

TEST(ReplayDifferences, DoNotAskForAnAgentThatIsNotUsed) {
  Here here = same_machine();
  here.mailbox_version = 4;
  EXPECT_EQ(refusal(here, false, false), "accepted");
}

TEST(ChangedInputs, AreThoseWithAnotherHash) {
  const std::string a(64, 'a'), b(64, 'b');
  EXPECT_EQ(table_of(changed_inputs({{"/init", a}, {"/lib/gone", a}, {"/scx", a}},
                                    {{"/init", a}, {"/lib/new", b}, {"/scx", b}})),
            "  input      recorded      here\n"
            "  /lib/gone  aaaaaaaaaaaa  -\n"
            "  /lib/new   -             bbbbbbbbbbbb\n"
            "  /scx       aaaaaaaaaaaa  bbbbbbbbbbbb\n");
  EXPECT_EQ(table_of(changed_inputs({{"/init", a}}, {{"/init", a}})), "");
}

}  // namespace
}  // namespace ktstr
