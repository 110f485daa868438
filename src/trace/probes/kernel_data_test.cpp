// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/kernel_data.h"

#include <gmock/gmock.h>

#include <cstring>
#include <memory>

#include "kernel/testing/synthetic_image.h"
#include "trace/events.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A variable of the image, and a per-CPU one of 0x40 bytes with a member that lies in another.
class KernelDataTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kVariables = synthetic::kTextAddress + 0x1000,
                                 kOffsetTable = synthetic::kTextAddress + 0x2000, kOfCpu0 = 0x10000,
                                 kOfCpu1 = 0xffff888000000000 - kVariables;

  KernelDataTest() {
    synthetic::Elf elf;
    const std::uint64_t at = elf.next_address();
    elf.section(".rodata", synthetic::kallsyms({{"_text", synthetic::kTextAddress, 'T'},
                                                {"jiffies", synthetic::kTextAddress + 0x800, 'D'},
                                                {"some_code", synthetic::kTextAddress + 0x810, 'T'},
                                                {"__per_cpu_start", kVariables, 'D'},
                                                {"runqueues", kVariables, 'D'},
                                                {"__per_cpu_end", kVariables + 0x40, 'D'},
                                                {"_etext", kVariables + 0x800, 'T'},
                                                {"__per_cpu_offset", kOffsetTable, 'D'}},
                                               synthetic::KallsymsFormat::kAbsolutePerCpu, at));
    image_ = elf.build();
    synthetic::BtfWriter types;
    const BtfTypeId number = types.integer("int", 4);
    const BtfTypeId inner = types.structure("cfs_rq", 16, {{"load", number, 0}, {"nr_queued", number, 32}});
    types.structure("rq", 0x40, {{"nr_running", number, 32}, {"cfs", inner, 128}});
    btf_ = std::make_unique<Btf>(*Btf::parse(types.build()));
    symbols_ = std::make_unique<KernelSymbols>(*KernelSymbols::from_image(*ElfFile::parse(image_)));
    const std::uint64_t offsets[] = {kOfCpu0, kOfCpu1};
    std::memcpy(ram_.data() + 0x2000, offsets, sizeof offsets);
    memory_.add({0, ram_.size(), ram_.data()});
    memory_.set_kernel({.image = synthetic::kTextAddress, .image_bytes = ram_.size()});
    auto made = KernelData::of(*symbols_, *btf_);
    EXPECT_TRUE(made) << made.error().message();
    data_ = std::make_unique<KernelData>(*std::move(made));
  }
  std::vector<std::string> seen(std::uint64_t address) {
    std::vector<std::string> all;
    for (const TraceEvent& event : data_->seen_at(7, address)) {
      EXPECT_EQ(event.kind, TraceKind::kDataSeen);
      const auto seen = event_as<trace::DataSeen>(event);
      all.push_back(seen.name.str());
      last_ = seen;
    }
    return all;
  }

  std::vector<unsigned char> ram_ = std::vector<unsigned char>(0x3000);
  control::GuestSpace memory_;
  ByteVector image_;
  std::unique_ptr<Btf> btf_;
  std::unique_ptr<KernelSymbols> symbols_;
  std::unique_ptr<KernelData> data_;
  trace::DataSeen last_;
};

TEST_F(KernelDataTest, VariablesAreNamedOnce) {
  EXPECT_THAT(seen(synthetic::kTextAddress + 0x804), ElementsAre("jiffies"));
  EXPECT_EQ(last_.start, synthetic::kTextAddress + 0x800);
  EXPECT_EQ(last_.bytes, 0x10u);
  EXPECT_EQ(last_.element, 0u);
  EXPECT_THAT(seen(synthetic::kTextAddress + 0x800), IsEmpty());
  EXPECT_THAT(seen(synthetic::kTextAddress + 0x820), IsEmpty()) << "that is code";
  EXPECT_THAT(seen(0), IsEmpty());
  EXPECT_THAT(seen(~std::uint64_t{0}), IsEmpty());
}

TEST_F(KernelDataTest, PerCpuVariablesAreElementsOfOneArray) {
  EXPECT_THAT(seen(kVariables + kOfCpu0 + 4), IsEmpty()) << "where CPUs have theirs is not known yet";
  data_->find_cpus(memory_, 2);
  EXPECT_THAT(seen(kVariables + kOfCpu0 + 4), ElementsAre("runqueues"));
  const std::uint32_t number = last_.number;
  EXPECT_EQ(last_.element, 0x40u);
  EXPECT_THAT(seen(kVariables + kOfCpu1 + 0x10), ElementsAre("runqueues"));
  EXPECT_EQ(last_.start, kVariables + kOfCpu1);
  EXPECT_EQ(last_.number, number) << "its members are the same";
  EXPECT_THAT(seen(kVariables + kOfCpu1 + 0x40), IsEmpty());
}

TEST_F(KernelDataTest, ATableThatCannotBeReadHasNoCpus) {
  data_->find_cpus(control::GuestSpace(), 1000);
  EXPECT_THAT(seen(kVariables + kOfCpu0), IsEmpty());
}

}  // namespace
}  // namespace ktstr
