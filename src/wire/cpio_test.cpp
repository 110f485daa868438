// SPDX-License-Identifier: Apache-2.0
#include "wire/cpio.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace ktstr {
namespace {

ByteVector some_archive() {
  NewcWriter writer;
  EXPECT_TRUE(writer.add_file("/lib/x86_64-linux-gnu/libc.so.6", 0755, as_byte_span("contents")));
  EXPECT_TRUE(writer.add_symlink("/lib64", "lib"));
  EXPECT_TRUE(writer.add_character_device("/dev/console", 0600, 5, 1));
  return writer.finish();
}

TEST(Newc, AppendingGivesTheBytesOfAddingLast) {
  NewcWriter without, with;
  for (NewcWriter* writer : {&without, &with}) {
    EXPECT_TRUE(writer->add_directory("/ktstr"));
    EXPECT_TRUE(writer->add_file("/bin/x", 0755, as_byte_span("x")));
  }
  EXPECT_TRUE(with.add_file("/ktstr/job.json", 0644, as_byte_span("{}")));
  const auto appended = append_file(without.finish(), "ktstr/job.json", 0644, as_byte_span("{}"));
  ASSERT_TRUE(appended) << appended.error().render();
  EXPECT_EQ(*appended, with.finish());
}

TEST(Newc, AppendsOnlyToArchives) {
  EXPECT_FALSE(append_file({}, "a", 0644, {}));
  ByteVector archive = some_archive();
  archive.resize(archive.size() - 4);
  EXPECT_FALSE(append_file(archive, "a", 0644, {}));
}

TEST(Newc, ReadsBackWhatWasWrittenWithParents) {
  const ByteVector archive = some_archive();
  const auto entries = read_newc(archive);
  ASSERT_TRUE(entries) << entries.error().render();
  std::vector<std::string> paths;
  for (const auto& entry : *entries) paths.push_back(entry.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"lib", "lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu/libc.so.6", "lib64",
                                             "dev", "dev/console"}));
  EXPECT_EQ(as_text((*entries)[2].contents), "contents");
  EXPECT_EQ((*entries)[2].mode, static_cast<std::uint32_t>(S_IFREG | 0755));
  EXPECT_EQ(as_text((*entries)[3].contents), "lib");
}

TEST(Newc, IsTheSameBytesEachTime) { EXPECT_EQ(some_archive(), some_archive()); }

TEST(Newc, KeepsEqualFilesOnceAndRefusesDifferentOnes) {
  NewcWriter writer;
  ASSERT_TRUE(writer.add_file("/a", 0644, as_byte_span("1")));
  EXPECT_TRUE(writer.add_file("/a", 0644, as_byte_span("1")));
  EXPECT_FALSE(writer.add_file("/a", 0644, as_byte_span("2")));
  EXPECT_FALSE(writer.add_directory("/a"));
  const ByteVector archive = writer.finish();
  EXPECT_EQ(read_newc(archive)->size(), 1u);
}

TEST(Newc, RefusesEveryTruncation) {
  const ByteVector archive = some_archive();
  for (std::size_t length = 0; length + 124 < archive.size(); ++length)
    EXPECT_FALSE(read_newc(ByteSpan(archive).first(length))) << length;
}

TEST(Newc, RefusesAPathThatLeavesTheArchive) {
  ByteVector archive = some_archive();
  const std::string text(as_text(archive));
  const std::size_t at = text.find("lib/x86_64");
  archive[at] = archive[at + 1] = std::byte{'.'};
  archive[at + 2] = std::byte{'/'};
  EXPECT_EQ(read_newc(archive).error().code(), ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace ktstr
