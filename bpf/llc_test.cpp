// SPDX-License-Identifier: GPL-2.0-only
#include "llc.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace scx_ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FindLlcs : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/scx_ktstr_llc_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const auto file = std::filesystem::path(root_) / "devices/system/cpu" / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << '\n';
  }
  void add_cache(int cpu, int index, int level, const std::string& shared) {
    const auto dir = "cpu" + std::to_string(cpu) + "/cache/index" + std::to_string(index);
    write(dir + "/level", std::to_string(level));
    write(dir + "/shared_cpu_list", shared);
  }

  std::string root_;
};

TEST_F(FindLlcs, GroupsByTheHighestCacheLevel) {
  write("possible", "0-3");
  for (int cpu = 0; cpu < 4; ++cpu) {
    add_cache(cpu, 0, 1, std::to_string(cpu));
    add_cache(cpu, 1, 3, cpu < 2 ? "0-1" : "2-3");
    add_cache(cpu, 2, 2, std::to_string(cpu));
  }
  const auto map = find_llcs(root_);
  ASSERT_TRUE(map) << map.error();
  EXPECT_EQ(map->nr_llcs, 2U);
  EXPECT_THAT(map->llc_of_cpu, ElementsAre(0, 0, 1, 1));
}

TEST_F(FindLlcs, NumbersInterleavedLlcsByTheirLowestCpu) {
  write("possible", "0-3");
  for (int cpu = 0; cpu < 4; ++cpu) add_cache(cpu, 0, 3, cpu % 2 ? "1,3" : "0,2");
  const auto map = find_llcs(root_);
  ASSERT_TRUE(map) << map.error();
  EXPECT_THAT(map->llc_of_cpu, ElementsAre(0, 1, 0, 1));
}

TEST_F(FindLlcs, PutsCpusWithoutCacheInformationIntoLlcZero) {
  write("possible", "0-2");
  add_cache(0, 0, 3, "0");
  add_cache(2, 0, 3, "2");
  const auto map = find_llcs(root_);
  ASSERT_TRUE(map) << map.error();
  EXPECT_THAT(map->llc_of_cpu, ElementsAre(0, 0, 1));
}

TEST_F(FindLlcs, IsOneLlcWithoutAnyCacheInformation) {
  write("possible", "0-1");
  const auto map = find_llcs(root_);
  ASSERT_TRUE(map) << map.error();
  EXPECT_EQ(map->nr_llcs, 1U);
  EXPECT_THAT(map->llc_of_cpu, ElementsAre(0, 0));
}

TEST_F(FindLlcs, SaysWhichFileIsMissing) {
  const auto map = find_llcs(root_);
  ASSERT_FALSE(map);
  EXPECT_THAT(map.error(), HasSubstr(root_ + "/devices/system/cpu/possible"));
}

TEST_F(FindLlcs, RefusesACacheListThatIsNone) {
  write("possible", "0-1");
  add_cache(0, 0, 3, "0-x");
  const auto map = find_llcs(root_);
  ASSERT_FALSE(map);
  EXPECT_THAT(map.error(), HasSubstr("cache of CPU 0"));
}

TEST(ParseCpuList, ReadsRangesAndSingleCpus) {
  EXPECT_THAT(*parse_cpu_list("0-2,5,8-9"), ElementsAre(0, 1, 2, 5, 8, 9));
  EXPECT_TRUE(parse_cpu_list("")->empty());
}

TEST(ParseCpuList, RefusesWhatIsNoList) {
  for (const char* text : {"x", "1-", "-1", "3-1", "1;2", "1,,2", "99999"}) EXPECT_FALSE(parse_cpu_list(text)) << text;
}

}  // namespace
}  // namespace scx_ktstr
