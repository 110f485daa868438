// SPDX-License-Identifier: Apache-2.0
#include "races/names.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

constexpr std::uint64_t kNamedCode = 0xffffffffa0000000, kNamedBoxes = 0xffffc90000001000;

class SourceNamesTest : public testing::Test {
 protected:
  SourceNamesTest() {
    trace::FunctionSeen function{.start = kNamedCode, .end = kNamedCode + 0x100, .name = {}};
    put_text("take_mail", function.name);
    names_.follow(make_event(0, 0, function));
    trace::BpfLineSeen line{.start = kNamedCode + 0x20, .line = 120, .file = {}, .text = {}};
    put_text("c/scx.bpf.c", line.file);
    put_text("if (box->has_mail)", line.text);
    names_.follow(make_event(0, 0, line));
    trace::DataSeen boxes{.number = 3, .start = kNamedBoxes, .bytes = 64, .element = 16, .name = {}};
    put_text("mailboxes", boxes.name);
    names_.follow(make_event(0, 0, boxes));
    trace::MemberSeen flag{.of = 3, .offset = 8, .bytes = 1, .name = {}};
    put_text("has_mail", flag.name);
    names_.follow(make_event(0, 0, flag));
    trace::DataSeen other{.number = 4, .start = kNamedBoxes + 64, .bytes = 8, .element = 0, .name = {}};
    put_text("stalled", other.name);
    names_.follow(make_event(0, 0, other));
  }
  SourceNames names_;
};

TEST_F(SourceNamesTest, PlacesAreOffsetsInFunctions) {
  EXPECT_EQ(names_.place(kNamedCode + 0x2d), (CodePlace{"take_mail", 0x2d}));
  EXPECT_EQ(names_.place(kNamedCode + 0x100), std::nullopt);
  EXPECT_EQ(names_.place(kNamedCode - 1), std::nullopt);
}

TEST_F(SourceNamesTest, LinesHoldUntilTheNext) {
  EXPECT_EQ(to_text(names_.line(kNamedCode + 0x2d)), "scx.bpf.c:120: if (box->has_mail)");
  EXPECT_EQ(to_text(names_.line(kNamedCode + 0x1f)), "?");
  EXPECT_EQ(to_text(names_.line(kNamedCode + 0x100)), "?");
}

TEST_F(SourceNamesTest, DataIsCalledByItsMember) {
  EXPECT_EQ(names_.data(kNamedBoxes + 24), "mailboxes[].has_mail");
  EXPECT_EQ(names_.data(kNamedBoxes + 16), "mailboxes[]") << "no member is known there";
  EXPECT_EQ(names_.data(kNamedBoxes + 64), "stalled");
  EXPECT_EQ(names_.data(kNamedBoxes + 68), "stalled+4");
  EXPECT_EQ(names_.data(kNamedBoxes + 72), kNoName);
}

TEST_F(SourceNamesTest, MemoryThatIsUsedAgainIsWhatItIsNow) {
  trace::DataSeen task{.number = 5, .start = kNamedBoxes + 8, .bytes = 40, .element = 40, .name = {}};
  put_text("tasks", task.name);
  names_.follow(make_event(0, 0, task));
  EXPECT_EQ(names_.data(kNamedBoxes + 24), "tasks[]");
  EXPECT_EQ(names_.data(kNamedBoxes), kNoName);
  EXPECT_EQ(names_.data(kNamedBoxes + 64), "stalled");
}

TEST_F(SourceNamesTest, MembersOfALargeThingAreNotPartsOfOneObject) {
  EXPECT_EQ(names_.object(kNamedBoxes + 24), kNamedBoxes + 16);
  trace::DataSeen large{.number = 6, .start = kNamedBoxes + 0x1000, .bytes = 4096, .element = 2048, .name = {}};
  put_text("runqueues", large.name);
  names_.follow(make_event(0, 0, large));
  EXPECT_EQ(names_.object(kNamedBoxes + 0x1000), 0u);
  EXPECT_EQ(names_.data(kNamedBoxes + 0x1000), "runqueues[]");
}

}  // namespace
}  // namespace ktstr
