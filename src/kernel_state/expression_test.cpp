// SPDX-License-Identifier: Apache-2.0
#include "kernel_state/expression.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using Kind = Expression::Step::Kind;
using ::testing::HasSubstr;

Expression parsed(std::string_view text) {
  auto made = Expression::parse(text);
  EXPECT_TRUE(made) << made.error().render();
  return made ? *std::move(made) : Expression();
}
std::string refusal(std::string_view text) {
  const auto made = Expression::parse(text);
  return made ? "accepted" : made.error().message();
}

TEST(ExpressionOfState, IsWhatCWouldWrite) {
  const Expression made = parsed(" runqueues[1].curr->comm ");
  EXPECT_EQ(made.text, "runqueues[1].curr->comm");
  EXPECT_EQ(made.name, "runqueues");
  ASSERT_EQ(made.steps.size(), 3U);
  EXPECT_EQ(made.steps[0], (Expression::Step{Kind::kIndex, "", 1}));
  EXPECT_EQ(made.steps[1], (Expression::Step{Kind::kMember, "curr", 0}));
  EXPECT_EQ(made.steps[2], (Expression::Step{Kind::kArrow, "comm", 0}));
}

TEST(ExpressionOfState, MayNameATypeAndABpfVariable) {
  const Expression cast = parsed("(struct scx_sched *) scx_root->exit_kind");
  EXPECT_EQ(cast.cast, "scx_sched");
  EXPECT_EQ(cast.cast_pointers, 1);
  EXPECT_EQ(cast.name, "scx_root");
  EXPECT_EQ(parsed("(unsigned int)nr_threads").cast, "unsigned int");
  const Expression bpf = parsed("bpf:mailboxes[2].has_mail");
  EXPECT_TRUE(bpf.of_bpf);
  EXPECT_EQ(bpf.name, "mailboxes");
}

TEST(ExpressionOfState, SaysWhatItDoesNotUnderstand) {
  EXPECT_THAT(refusal(""), HasSubstr("a variable is missing"));
  EXPECT_THAT(refusal("task"), HasSubstr("task[107]"));
  EXPECT_THAT(refusal("a["), HasSubstr("an index is a number"));
  EXPECT_THAT(refusal("a[-1]"), HasSubstr("an index is a number"));
  EXPECT_THAT(refusal("a[4294967296]"), HasSubstr("an index is a number"));
  EXPECT_THAT(refusal("a->"), HasSubstr("member's name is missing"));
  EXPECT_THAT(refusal("a b"), HasSubstr("'b'"));
  EXPECT_THAT(refusal("(rq"), HasSubstr("a type is missing"));
  EXPECT_THAT(refusal("a+1"), HasSubstr("'+1'"));
  EXPECT_THAT(refusal(std::string(1000, 'a')), HasSubstr("too long"));
}

}  // namespace
}  // namespace ktstr
