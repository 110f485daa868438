// SPDX-License-Identifier: Apache-2.0
#include "scheduler/library_search.h"

#include <elf.h>
#include <gmock/gmock.h>

#include "base/file.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LibrarySearch : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-libs");
    ASSERT_TRUE(dir);
    dir_.emplace(*std::move(dir));
    dirs_.guest = "/lib/guest";
  }
  fs::path root() const { return dir_->path(); }
  fs::path add_file(const fs::path& relative, std::string_view text) {
    fs::create_directories((root() / relative).parent_path());
    EXPECT_TRUE(write_text(root() / relative, text));
    return root() / relative;
  }
  void add_library(const fs::path& relative, std::uint16_t machine = our_machine()) {
    Elf64_Ehdr header{};
    for (int i = 0; i < SELFMAG; ++i) header.e_ident[i] = static_cast<unsigned char>(ELFMAG[i]);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
    header.e_machine = machine;
    add_file(relative, {reinterpret_cast<const char*>(&header), sizeof header});
  }
  Result<FoundLibrary> find(const std::vector<RunPath>& rpaths = {}, const std::optional<RunPath>& runpath = {}) {
    return find_library("liba.so.1", our_machine(), rpaths, runpath, dirs_);
  }

  std::optional<TempDir> dir_;
  LibraryDirs dirs_;
};

TEST_F(LibrarySearch, PutsALibraryOfTheSystemWhereTheGuestsLoaderLooks) {
  add_library("std/liba.so.1");
  dirs_.standard = {root() / "none", root() / "std"};
  const auto found = find();
  ASSERT_TRUE(found) << found.error().render();
  EXPECT_EQ(found->host, root() / "std/liba.so.1");
  EXPECT_EQ(found->guest, "/lib/guest/liba.so.1");
}

TEST_F(LibrarySearch, ExpandsOriginOnBothSides) {
  add_library("tree/lib/liba.so.1");
  for (const char* origin : {"$ORIGIN", "${ORIGIN}"}) {
    const auto found = find({}, RunPath{std::string(origin) + "/../lib", root() / "tree/bin", "/opt/scheduler/bin"});
    ASSERT_TRUE(found) << found.error().render();
    EXPECT_EQ(found->host, root() / "tree/lib/liba.so.1");
    EXPECT_EQ(found->guest, "/opt/scheduler/lib/liba.so.1");
  }
}

TEST_F(LibrarySearch, LooksInTheOrderOfTheLoader) {
  for (const char* dir : {"rpath", "env", "runpath", "conf", "std"}) add_library(fs::path(dir) / "liba.so.1");
  dirs_.environment = {root() / "env"};
  dirs_.configured = {root() / "conf"};
  dirs_.standard = {root() / "std"};
  const RunPath rpath{(root() / "rpath").string(), "/", "/"}, runpath{(root() / "runpath").string(), "/", "/"};
  EXPECT_EQ(find({rpath})->host.parent_path().filename(), "rpath");
  EXPECT_EQ(find({}, runpath)->host.parent_path().filename(), "env");
  dirs_.environment.clear();
  EXPECT_EQ(find({}, runpath)->host.parent_path().filename(), "runpath");
  EXPECT_EQ(find()->host.parent_path().filename(), "conf");
  dirs_.configured.clear();
  EXPECT_EQ(find()->host.parent_path().filename(), "std");
}

TEST_F(LibrarySearch, PassesOverAnotherMachinesLibraryAndWhatIsNone) {
  add_library("other/liba.so.1", EM_386);
  add_file("text/liba.so.1", "/* GNU ld script */");
  add_library("ours/liba.so.1");
  dirs_.standard = {root() / "other", root() / "text", root() / "ours"};
  EXPECT_EQ(find()->host.parent_path().filename(), "ours");
}

TEST_F(LibrarySearch, NamesTheDirectoriesWhenThereIsNone) {
  dirs_.environment = {"/nowhere/env"};
  dirs_.standard = {"/nowhere/std"};
  const auto found = find({}, RunPath{"$ORIGIN/lib:relative", "/nowhere/bin", "/bin"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(found.error().message(),
              HasSubstr("liba.so.1 is in none of: /nowhere/env, /nowhere/bin/lib, /nowhere/std"));
}

TEST_F(LibrarySearch, ReadsLdSoConfWithItsIncludes) {
  add_file("etc/ld.so.conf.d/b.conf", "/opt/b/lib\n");
  add_file("etc/ld.so.conf.d/a.conf", "# a comment\n/opt/a/lib # why\nrelative/lib\n");
  const fs::path conf = add_file("etc/ld.so.conf", "include ld.so.conf.d/*.conf\n\n/opt/last\ninclude ld.so.conf\n");
  const auto dirs = read_ld_so_conf(conf);
  ASSERT_GE(dirs.size(), 3u);
  EXPECT_EQ(dirs[0], "/opt/a/lib");
  EXPECT_EQ(dirs[1], "/opt/b/lib");
  EXPECT_EQ(dirs[2], "/opt/last");
  EXPECT_THAT(read_ld_so_conf(root() / "missing"), IsEmpty());
}

TEST_F(LibrarySearch, KnowsWhatAFileIs) {
  EXPECT_TRUE(read_program_kind(add_file("s", "#!/bin/sh\n"))->script);
  EXPECT_FALSE(read_program_kind(add_file("empty", ""))->elf64);
  EXPECT_FALSE(read_program_kind(add_file("short", "\177ELF"))->elf64);
  EXPECT_TRUE(read_program_kind("/bin/sh")->elf64);
  EXPECT_FALSE(read_program_kind(root() / "missing"));
}

}  // namespace
}  // namespace ktstr
