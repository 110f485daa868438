// SPDX-License-Identifier: Apache-2.0
#include "kernel/btf.h"

#include <gtest/gtest.h>

#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

using synthetic::BtfWriter;

// struct task_struct { int pid; const scx_t scx; union { long weight; struct { int a; int b; }; }; int bits:3; ... }
ByteVector sample() {
  BtfWriter writer;
  const BtfTypeId number = writer.integer("int", 4);
  const BtfTypeId pointer = writer.plain(BtfKind::kPtr, "", number);
  const BtfTypeId array = writer.array(pointer, 5);
  const BtfTypeId scx = writer.structure("sched_ext_entity", 48, {{"dsq", pointer, 0}, {"slots", array, 64}});
  const BtfTypeId typedefed = writer.plain(BtfKind::kTypedef, "scx_t", scx);
  const BtfTypeId constant = writer.plain(BtfKind::kConst, "", typedefed);
  const BtfTypeId inner = writer.structure("", 8, {{"a", number, 0}, {"b", number, 32}});
  const BtfTypeId weights = writer.structure("", 8, {{"weight", pointer, 0}, {"", inner, 0}}, BtfKind::kUnion);
  writer.structure("task_struct", 80,
                   {{"pid", number, 0}, {"scx", constant, 64}, {"", weights, 448}, {"flags", number, 512, 3}});
  writer.plain(BtfKind::kFwd, "only_declared", 0);
  writer.plain(BtfKind::kFunc, "schedule", 0);
  writer.enumeration("states", {{"STATE_ON", 1}, {"STATE_BAD", -1}});
  writer.enumeration64("dsqs", {{"DSQ_GLOBAL", 0x8000000000000001}});
  return writer.build();
}

TEST(Btf, FindsTypesByNameAndKind) {
  const auto btf = Btf::parse(sample());
  ASSERT_TRUE(btf) << btf.error().message();
  EXPECT_EQ(btf->type_count(), 13u);
  EXPECT_TRUE(btf->has_type("task_struct"));
  EXPECT_TRUE(btf->has_type("int"));
  EXPECT_TRUE(btf->has_type("scx_t"));
  EXPECT_FALSE(btf->has_type("sched_ext_ops"));
  EXPECT_FALSE(btf->has_type("only_declared")) << "a forward declaration is no type that the kernel has";
  EXPECT_FALSE(btf->has_type("schedule"));
  EXPECT_TRUE(btf->has_function("schedule"));
  EXPECT_FALSE(btf->has_function("task_struct"));
  EXPECT_FALSE(btf->has_type(""));
}

TEST(Btf, GivesMemberOffsetsThroughTypedefsAndAnonymousMembers) {
  const auto btf = Btf::parse(sample());
  EXPECT_EQ(*btf->member_offset_bits("task_struct", "pid"), 0u);
  EXPECT_EQ(*btf->member_offset_bits("task_struct", "scx"), 64u);
  EXPECT_EQ(*btf->member_offset_bits("task_struct", "scx.slots"), 128u);
  EXPECT_EQ(*btf->member_offset_bits("task_struct", "b"), 480u);
  const auto flags = btf->member("task_struct", "flags");
  EXPECT_EQ(flags->offset_bits, 512u);
  EXPECT_EQ(flags->bitfield_bits, 3u);
}

TEST(Btf, NamesTheMemberThatIsMissing) {
  const auto btf = Btf::parse(sample());
  EXPECT_EQ(btf->member_offset_bits("task_struct", "scx.nope.x").error().message(),
            "the kernel's struct task_struct has no member scx.nope");
  EXPECT_EQ(btf->member_offset_bits("nope", "x").error().code(), ErrorCode::kNotFound);
  for (const char* path : {"", ".", "pid.", ".pid", "pid.x", "scx..dsq"})
    EXPECT_FALSE(btf->member_offset_bits("task_struct", path)) << path;
}

TEST(Btf, KnowsSizesArraysAndEnumerators) {
  const auto btf = Btf::parse(sample());
  EXPECT_EQ(btf->size_of(btf->member("task_struct", "pid")->type), 4u);
  EXPECT_EQ(btf->size_of(btf->member("task_struct", "scx")->type), 48u);
  const BtfTypeId slots = btf->member("task_struct", "scx.slots")->type;
  EXPECT_EQ(btf->size_of(slots), 40u);
  EXPECT_EQ(btf->array_length(slots), 5u);
  EXPECT_EQ(btf->kind(btf->target(slots)), BtfKind::kPtr);
  EXPECT_EQ(btf->name(btf->target(btf->target(slots))), "int");
  EXPECT_EQ(btf->size_of(0), 0u);
  EXPECT_EQ(btf->size_of(100000), 0u);
  EXPECT_EQ(btf->enumerator("STATE_BAD"), -1);
  EXPECT_EQ(static_cast<std::uint64_t>(*btf->enumerator("DSQ_GLOBAL")), 0x8000000000000001u);
  EXPECT_FALSE(btf->enumerator("NOPE"));
  EXPECT_TRUE(btf->enumerators_of(btf->find("task_struct", BtfKind::kStruct).value_or(0)).empty());
  EXPECT_EQ(btf->find_struct("task_struct")->members.size(), 4u);
  EXPECT_EQ(btf->find_struct("task_struct")->size, 80u);
}

TEST(Btf, EndsOnTypesThatReferToThemselves) {
  BtfWriter writer;
  writer.plain(BtfKind::kTypedef, "loop", 1);
  writer.structure("outer", 4, {{"", 2, 0}, {"", 2, 0}, {"", 2, 0}});
  writer.array(3, 2);
  const auto btf = Btf::parse(writer.build());
  ASSERT_TRUE(btf);
  EXPECT_EQ(btf->strip(1), 0u);
  EXPECT_EQ(btf->size_of(3), 0u);
  EXPECT_FALSE(btf->member("outer", "x"));
}

TEST(Btf, RefusesEveryTruncationAndWhatItDoesNotKnow) {
  const ByteVector whole = sample();
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_EQ(Btf::parse(ByteSpan(whole).first(length)).error().code(), ErrorCode::kCorruptData) << length;
  ByteVector other = whole;
  other[2] = std::byte{2};
  EXPECT_FALSE(Btf::parse(other)) << "version 2";
  BtfWriter writer;
  writer.plain(static_cast<BtfKind>(31), "new", 0);
  EXPECT_NE(Btf::parse(writer.build()).error().message().find("unknown kind 31"), std::string::npos);
}

TEST(Btf, StaysValidWhenItIsMoved) {
  auto first = *Btf::parse(sample());
  const Btf second = std::move(first);
  EXPECT_EQ(*second.member_offset_bits("task_struct", "scx.slots"), 128u);
}

}  // namespace
}  // namespace ktstr
