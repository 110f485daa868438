// SPDX-License-Identifier: Apache-2.0
//
// run_guest() with shell scripts in QEMU's place; with the real one: tests/vm.
#include "engine/guest.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr {
namespace {

class GuestTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = TempDir::create(fs::temp_directory_path(), "guest_test");
    ASSERT_TRUE(directory);
    directory_.emplace(std::move(*directory));
    ram_dir_ = path("ram");
    fs::create_directory(ram_dir_);
    spec_.kernel = path("kernel");
    spec_.initramfs = path("initramfs");
    spec_.ram_dir = ram_dir_;
    spec_.qemu = path("qemu");
    ASSERT_TRUE(write_text(spec_.kernel, "kernel"));
    ASSERT_TRUE(write_text(spec_.initramfs, "initramfs"));
  }
  fs::path path(const char* name) const { return directory_->path() / name; }
  // `script` runs with $console, the console's file, $ram, node 0's, and $qmp, the number of QMP's descriptor.
  Result<GuestOutcome> run(const std::string& script, const std::function<bool()>& interrupted = {}) {
    const std::string text = R"(#!/bin/bash
[ "$1" = --version ] && { echo "QEMU emulator version 10.0.2"; exit 0; }
for argument; do case $argument in
  file,id=console,*) console=${argument##*path=}; console=${console%,append=on};;
  socket,id=qmp,fd=*) qmp=${argument##*fd=};;
  memory-backend-file,id=m0,*) ram=${argument##*mem-path=}; ram=${ram%,share=on};;
esac; done
)" + script + "\n";
    EXPECT_TRUE(write_text(spec_.qemu, text));
    fs::permissions(spec_.qemu, fs::perms::owner_all);
    return run_guest(
        spec_, {{mailbox::DeliveryKind::kRun, as_byte_span("delivery")}},
        {.console_log = path("console"), .on_record = [](const Record&) { return ok(); }, .interrupted = interrupted});
  }
  void TearDown() override { EXPECT_TRUE(fs::is_empty(ram_dir_)) << "guest memory was left behind"; }

  // Shell: stores VALUE (one byte) at OFFSET of the mailbox.
  static std::string poke(unsigned offset, int value) {
    return fmt::format("printf '\\{:03o}' | dd of=$ram bs=1 seek={} conv=notrunc 2>/dev/null\n", value,
                       mailbox::kGuestAddress + offset);
  }
  static std::string guest_in(Phase phase) {
    return poke(1024, mailbox::kVersion) + poke(1028, static_cast<int>(phase));
  }

  // Shell: speaks QMP's greeting, as a QEMU that has come up does, and goes on for a while.
  static std::string lives_on() { return "printf '{\"QMP\": {}}\\n' >&$qmp; exec sleep 60"; }

  std::optional<TempDir> directory_;
  fs::path ram_dir_;
  GuestSpec spec_;
};

TEST_F(GuestTest, IsCompletedWhenTheAgentWasDone) {
  const auto outcome = run(guest_in(Phase::kDone) + "exit 0");
  ASSERT_TRUE(outcome) << outcome.error().render();
  EXPECT_EQ(outcome->end, GuestEnd::kCompleted) << outcome->message;
  EXPECT_EQ(outcome->phase, Phase::kDone);
  EXPECT_EQ(outcome->message, "");
}

TEST_F(GuestTest, ThatEndsBeforeTheAgentWasDoneIsAnEarlyExitWithQemusWords) {
  const auto outcome = run("echo 'qemu: invalid option' >&2; exit 1");
  ASSERT_TRUE(outcome) << outcome.error().render();
  EXPECT_EQ(outcome->end, GuestEnd::kEarlyExit);
  EXPECT_EQ(outcome->phase, Phase::kBoot);
  EXPECT_EQ(outcome->qemu_output, "qemu: invalid option\n");
  EXPECT_NE(outcome->message.find("exited with status 1"), std::string::npos) << outcome->message;
  EXPECT_NE(outcome->message.find("qemu: invalid option"), std::string::npos) << outcome->message;
}

TEST_F(GuestTest, WhoseMemoryFindsNoRoomNamesTheDirectory) {
  const auto outcome = run("kill -BUS $$");
  ASSERT_TRUE(outcome) << outcome.error().render();
  EXPECT_EQ(outcome->end, GuestEnd::kEarlyExit);
  EXPECT_NE(outcome->message.find("SIGBUS"), std::string::npos) << outcome->message;
  EXPECT_NE(outcome->message.find("free in " + ram_dir_.string()), std::string::npos) << outcome->message;
  EXPECT_NE(outcome->message.find("$KTSTR_RAM_DIR"), std::string::npos) << outcome->message;
}

TEST_F(GuestTest, ThatPanickedSaysSoInTheKernelsWords) {
  const auto outcome =
      run(guest_in(Phase::kBody) + "echo '[ 1.0] Kernel panic - not syncing: oops' > $console; exit 0");
  ASSERT_TRUE(outcome) << outcome.error().render();
  EXPECT_EQ(outcome->end, GuestEnd::kKernelPanic);
  EXPECT_EQ(outcome->phase, Phase::kBody);
  EXPECT_NE(outcome->message.find("phase body"), std::string::npos) << outcome->message;
  EXPECT_NE(outcome->message.find("Kernel panic - not syncing: oops"), std::string::npos) << outcome->message;
  EXPECT_EQ(outcome->console_tail.size(), 1u);
}

TEST_F(GuestTest, ThatWritesNonsenseIsCorrupt) {
  const auto outcome = run(poke(1024, mailbox::kVersion) + poke(1028, 99) + lives_on());
  ASSERT_TRUE(outcome) << outcome.error().render();
  EXPECT_EQ(outcome->end, GuestEnd::kCorrupt);
}

TEST_F(GuestTest, ThatNeverComesUpIsHung) {
  spec_.host_limit_scale = 0.001;
  const auto outcome = run(lives_on());
  ASSERT_TRUE(outcome) << outcome.error().render();
  EXPECT_EQ(outcome->end, GuestEnd::kHang);
}

TEST_F(GuestTest, IsEndedWhenThePersonInterrupts) {
  const auto outcome = run("exec sleep 60", [] { return true; });
  ASSERT_FALSE(outcome) << "a QEMU that has not spoken is none yet";
  EXPECT_EQ(outcome.error().code(), ErrorCode::kCancelled);
}

TEST_F(GuestTest, FindsTheMailboxInMemoryBeforeItStarts) {
  const auto seen = run(fmt::format("tail -c +{} $ram | head -c 8; exit 1", mailbox::kGuestAddress + 1));
  ASSERT_TRUE(seen) << seen.error().render();
  EXPECT_EQ(seen->qemu_output, "tstrmbx1");
}

TEST_F(GuestTest, NeedsItsFiles) {
  spec_.kernel = path("missing");
  const auto outcome = run("exit 0");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(outcome.error().message().find("the guest's kernel"), std::string::npos) << outcome.error().message();
}

TEST_F(GuestTest, RemovesTheMemoryOfRunsThatDied) {
  const fs::path stale = ram_dir_ / "ktstr-vm.999999999.abcdef";  // above any pid
  fs::create_directory(stale);
  ASSERT_TRUE(write_text(stale / "ram0", "x"));
  remove_guest_leftovers(ram_dir_);
  EXPECT_FALSE(fs::exists(stale));
}

}  // namespace
}  // namespace ktstr
