// SPDX-License-Identifier: Apache-2.0
#include "base/output_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"

namespace ktstr {
namespace {

class OutputFileTest : public testing::Test {
 protected:
  fs::path in(const char* name) const { return directory_.path() / name; }
  TempDir directory_ = *TempDir::create(fs::temp_directory_path(), "ktstr-output-file-test");
};

TEST_F(OutputFileTest, ALinkStaysAndItsTargetIsWritten) {
  fs::create_symlink("target", in("link"));
  ASSERT_TRUE(write_output(in("link"), as_byte_span("a")));
  EXPECT_TRUE(fs::is_symlink(in("link")));
  EXPECT_EQ(*read_text(in("target")), "a");
  ASSERT_TRUE(write_output(in("link"), as_byte_span("b")));
  EXPECT_EQ(*read_text(in("target")), "b");
}

TEST_F(OutputFileTest, ADeviceIsWrittenToAndStaysOne) {
  EXPECT_TRUE(write_output("/dev/null", as_byte_span("a")));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  const Status full = write_output("/dev/full", as_byte_span("a"));
  ASSERT_FALSE(full);
  EXPECT_NE(full.error().message().find("No space left"), std::string::npos) << full.error().message();
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(OutputFileTest, WhatCannotBeWrittenIsSaidBefore) {
  EXPECT_FALSE(check_output(directory_.path()));
  EXPECT_TRUE(check_output(in("new")));
  EXPECT_TRUE(check_output(in("a/b/new"))) << "directories can be made";
  ASSERT_TRUE(write_text(in("file"), ""));
  EXPECT_FALSE(check_output(in("file/x")));
  EXPECT_FALSE(write_output(directory_.path(), as_byte_span("a")));
}

}  // namespace
}  // namespace ktstr
