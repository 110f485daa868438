// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/mode.h"

#include <gtest/gtest.h>

#include "engine/qemu/kvm_probe.h"

namespace ktstr {
namespace {

KvmProbe works() { return {true, ""}; }
KvmProbe fails() { return {false, "/dev/kvm: KVM_RUN fails"}; }

TEST(Mode, IsNamedAsThePersonWritesIt) {
  for (const Mode mode : {Mode::kDet, Mode::kKvm, Mode::kTcg})
    EXPECT_EQ(*resolve_mode_with(to_string(mode), works), mode);
}

TEST(Mode, AutoTakesKvmOnlyWhereItRuns) {
  EXPECT_EQ(*resolve_mode_with("auto", works), Mode::kKvm);
  EXPECT_EQ(*resolve_mode_with("auto", fails), Mode::kDet);
}

TEST(Mode, AskingForKvmWhereItFailsIsAnErrorThatSaysWhy) {
  const auto mode = resolve_mode_with("kvm", fails);
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(mode.error().message().find("KVM_RUN fails"), std::string::npos);
}

TEST(Mode, KvmIsNotProbedWhereItDoesNotMatter) {
  const auto never = []() -> KvmProbe {
    ADD_FAILURE() << "probed";
    return {};
  };
  EXPECT_EQ(*resolve_mode_with("det", never), Mode::kDet);
  EXPECT_EQ(*resolve_mode_with("tcg", never), Mode::kTcg);
}

TEST(Mode, AnUnknownWordIsRefused) {
  const auto mode = resolve_mode_with("fast", works);
  ASSERT_FALSE(mode);
  EXPECT_EQ(mode.error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace ktstr
