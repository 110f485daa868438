// SPDX-License-Identifier: Apache-2.0
#include "base/system/user_directory.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include "base/text/json_fault.h"
#include "base/text/users_mistake.h"

namespace ktstr {
namespace {

TEST(UserDirectory, AnAbsoluteXdgDirectoryComesFirstAndARelativeOneIsIgnored) {
  EXPECT_EQ(*user_directory("/x", "/home/me", ".cache"), "/x");
  EXPECT_EQ(*user_directory("x", "/home/me", ".cache"), "/home/me/.cache");
  EXPECT_EQ(*user_directory("", "/home/me", ".cache"), "/home/me/.cache");
}

TEST(UserDirectory, WithoutVariablesItIsTheHomeOfThePasswordDatabase) {
  const passwd* entry = ::getpwuid(::geteuid());
  const auto found = user_directory(nullptr, "relative", ".cache");
  if (entry != nullptr) {
    EXPECT_EQ(*found, fs::path(entry->pw_dir) / ".cache");
  } else {
    EXPECT_EQ(found.error().code(), ErrorCode::kUnsupported);
  }
}

TEST(UsersMistake, WhatIsWrongWithANamedFileIsTheUsers) {
  for (const int value : {EACCES, ENAMETOOLONG, ELOOP, ENOTDIR}) {
    const Error error = users_mistake(Error::from_errno(value, "cannot open x"));
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << value;
    EXPECT_EQ(error.message(), Error::from_errno(value, "cannot open x").message());
    EXPECT_NE(error.hint(), "");
  }
}

TEST(UsersMistake, WhatTheMachineLacksIsNot) {
  EXPECT_EQ(users_mistake(Error::from_errno(EMFILE, "x")).code(), ErrorCode::kIo);
  EXPECT_EQ(users_mistake(Error::from_errno(ENOMEM, "x")).code(), ErrorCode::kNoSpace);
}

TEST(JsonFault, NamesWhatIsWrongInWordsOfOurs) {
  EXPECT_EQ(json_fault(101, "[json.exception.parse_error.101] parse error at line 3, column 9: syntax error while ..."),
            "it is not JSON at line 3, column 9");
  EXPECT_EQ(json_fault(403, "[json.exception.out_of_range.403] key 'seed' not found"), "it has no 'seed'");
  EXPECT_EQ(json_fault(302, "[json.exception.type_error.302] type must be string, but is number"),
            "a value has another type: it must be a string, and is a number");
  EXPECT_EQ(json_fault(406, "[json.exception.out_of_range.406] number overflow parsing '1e999'"),
            "the number 1e999 is too large");
  EXPECT_EQ(json_fault(999, "what"), "it is not what was written (JSON fault 999)");
}

}  // namespace
}  // namespace ktstr
