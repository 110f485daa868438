// SPDX-License-Identifier: Apache-2.0
#include "cgroup/knob_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cgroup/attribute.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

std::vector<Knob> all_knobs() {
  std::vector<Knob> knobs;
  for (std::size_t i = 0; i < kKnobCount; ++i) knobs.push_back(static_cast<Knob>(i));
  return knobs;
}

void expect_taken(Knob knob, std::initializer_list<std::string_view> values) {
  for (const std::string_view value : values) {
    const Status checked = check_knob(knob, value);
    EXPECT_TRUE(checked) << checked.error().render();
  }
}

void expect_refused(Knob knob, std::initializer_list<std::string_view> values) {
  for (const std::string_view value : values)
    EXPECT_FALSE(check_knob(knob, value)) << "'" << value << "' for " << name_of(knob);
}

TEST(KnobTable, TellsEverythingOfEveryKnob) {
  std::set<std::string_view> names, files;
  for (const Knob knob : all_knobs()) {
    const KnobRow& row = knob_row(knob);
    EXPECT_EQ(row.knob, knob);
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " stands twice";
    EXPECT_TRUE(files.insert(row.file).second) << row.file << " stands twice";
    EXPECT_EQ(row.controller, attribute_controller(row.file)) << row.file;
    for (const std::string_view text : {row.form, row.written.words, row.meaning, row.needs})
      EXPECT_FALSE(text.empty()) << row.name;
    EXPECT_EQ(knob_from(row.name), knob);
    EXPECT_EQ(knob_of_file(row.file), knob);
    EXPECT_EQ(attribute_needs(row.file), row.needs);
    EXPECT_TRUE(attribute_echoes(row.file)) << "a write that is not read back may have done nothing: " << row.file;
  }
}

TEST(KnobTable, KnowsNoOtherNames) {
  EXPECT_EQ(knob_from("cpu.weight"), std::nullopt) << "that is the file";
  EXPECT_EQ(knob_from(""), std::nullopt);
  EXPECT_EQ(knob_of_file("cpuset.cpus"), std::nullopt) << "a CpusetSpec and no knob";
}

TEST(KnobTable, SaysWhatAKnobTakes) {
  const Error error = check_knob(Knob::kCpuWeight, "0").error();
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message(), "'0' is not a value for cpu_weight (cpu.weight); it takes 1 to 10000");
}

TEST(KnobTable, TakesNumbersWithinTheirBounds) {
  expect_taken(Knob::kCpuWeight, {"1", "100", "10000"});
  expect_refused(Knob::kCpuWeight, {"", "0", "10001", "-1", "+1", "0100", "1.5", "max", " 1", "1\n"});
  expect_taken(Knob::kIoWeight, {"1", "10000"});
  expect_refused(Knob::kIoWeight, {"0", "10001", "default 100"});
  expect_taken(Knob::kPidsMax, {"1", "4194304", "max"});
  expect_refused(Knob::kPidsMax, {"0", "4194305", ""});
  for (const Knob knob : {Knob::kCpuIdle, Knob::kMemoryOomGroup}) {
    expect_taken(knob, {"0", "1"});
    expect_refused(knob, {"2", "true", "", "-1"});
  }
}

TEST(KnobTable, TakesQuotasThatTheSchedulerCanKeep) {
  expect_taken(Knob::kCpuMax, {"max", "max 100000", "50000", "1000 1000", "400000 1000000", "17592186044415"});
  expect_refused(Knob::kCpuMax, {"", "0", "999", "999 1000", "1000 999", "1000 1000001", "17592186044416", "100 max",
                                 "50000  100000", "50000 100000 1", "50000 "});
  expect_taken(Knob::kCpuMaxBurst, {"0", "50000"});
  expect_refused(Knob::kCpuMaxBurst, {"max", "", "17592186044416"});
}

TEST(KnobTable, TakesListsOfCpusAndNodes) {
  for (const Knob knob : {Knob::kCpusetMems, Knob::kCpusetExclusive}) {
    expect_taken(knob, {"", "0", "0-1,3"});
    expect_refused(knob, {"x", "1-0", "0,", "all", "0\n"});
  }
  expect_taken(Knob::kCpusetPartition, {"member", "root", "isolated"});
  expect_refused(Knob::kCpusetPartition, {"", "Root", "isolated invalid"});
}

TEST(KnobTable, TakesSizesAsTheKernelReadsThem) {
  for (const Knob knob :
       {Knob::kMemoryMax, Knob::kMemoryHigh, Knob::kMemoryLow, Knob::kMemoryMin, Knob::kMemorySwapMax}) {
    expect_taken(knob, {"max", "0", "4096", "64M", "512K", "2G", "1T"});
    expect_refused(knob, {"", "64MiB", "M", "-1", "1.5G", "64 M", "18446744073709551616", "99999999T"});
  }
}

TEST(KnobTable, TakesPercentagesWithTwoDecimals) {
  for (const Knob knob : {Knob::kUclampMin, Knob::kUclampMax}) {
    expect_taken(knob, {"0", "0.00", "12.5", "12.34", "100", "100.00", "max"});
    expect_refused(knob, {"", "100.01", "101", "-1", "12.", ".5", "12.345", "1e1", "50%", "12.+1"});
  }
}

TEST(KnobTable, TakesLimitsOfOneDevice) {
  expect_taken(Knob::kIoMax, {"8:0 rbps=1048576", "8:16 rbps=1 wbps=max riops=120 wiops=max"});
  expect_refused(Knob::kIoMax, {"", "8:0", "8:0 ", "sda rbps=1", "8 rbps=1", "8:0 rbps=0", "8:0 rbps", "8:0 reads=1",
                                "8:0 rbps=1 rbps=2", "8:0 rbps=1M", "8:0  rbps=1", "8:0 rbps=1 ", ": rbps=1"});
}

TEST(KnobTable, IsOrderedSoThatWhatBoundsComesFirst) {
  EXPECT_LT(Knob::kCpusetExclusive, Knob::kCpusetPartition) << "a partition is made of what is exclusive";
  EXPECT_LT(Knob::kCpuMax, Knob::kCpuMaxBurst) << "a burst above the quota is refused";
  EXPECT_LT(Knob::kCpuWeight, Knob::kCpuIdle) << "an idle group refuses a weight";
}

}  // namespace
}  // namespace ktstr
