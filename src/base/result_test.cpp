// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::kInvalidArgument, "{} is odd", n);
  return n / 2;
}

Result<int> quarter(int n) {
  KTSTR_TRY_ASSIGN(const int h, half(n));
  KTSTR_TRY(half(h));
  return half(h).context("second half");
}

TEST(Result, CarriesAValueThroughTheMacros) { EXPECT_EQ(*quarter(8), 2); }

TEST(Result, ReturnsTheFirstError) {
  EXPECT_EQ(quarter(3).error().message(), "3 is odd");
  EXPECT_EQ(quarter(6).error().message(), "3 is odd");
}

TEST(Error, RendersContextOutermostFirstWithErrnoAndHint) {
  Error error = Error::from_errno(ENOENT, "cannot open x").context("read kernel").with_hint("fetch one");
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.render(), "read kernel: cannot open x: No such file or directory (ENOENT)\n  hint: fetch one");
}

TEST(Error, ClassifiesAFullDiskAsNoSpace) { EXPECT_EQ(Error::from_errno(ENOSPC, "write").code(), ErrorCode::kNoSpace); }

}  // namespace
}  // namespace ktstr
