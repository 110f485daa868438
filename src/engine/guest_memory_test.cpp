// SPDX-License-Identifier: Apache-2.0
#include "engine/guest_memory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "engine/guest.h"

namespace ktstr {
namespace {

using namespace literals;

constexpr Topology kOneNode{1, 1, 2, 1};
constexpr Topology kTwoNodes{2, 4, 2, 2};

TEST(MemoryRule, IsAQuarterGigabyteAndMoreForManyCpus) {
  EXPECT_EQ(memory_by_rule(kOneNode), 256_MiB);
  EXPECT_EQ(memory_by_rule(kTwoNodes), 1_GiB);
}

TEST(MemoryLayout, PutsTheMailboxOnTopOfNodeZerosShare) {
  EXPECT_EQ(MemoryLayout::plan(kOneNode, 256_MiB, 32_MiB).nodes(), (std::vector<Bytes>{288_MiB}));
  EXPECT_EQ(MemoryLayout::plan(kTwoNodes, 1_GiB, 64_MiB).nodes(), (std::vector<Bytes>{576_MiB, 512_MiB}));
}

TEST(MemoryLayout, GivesEveryNodeEnoughToBoot) {
  EXPECT_EQ(MemoryLayout::plan(kTwoNodes, 64_MiB, 32_MiB).nodes(), (std::vector<Bytes>{288_MiB, 128_MiB}));
  EXPECT_EQ(MemoryLayout::plan({3, 3, 1, 1}, 1000_MiB, 32_MiB).nodes(),
            (std::vector<Bytes>{384_MiB, 352_MiB, 352_MiB}));
}

// What locate() says of an address and what pieces() says of all must be the same, below and above q35's hole.
TEST(MemoryLayout, ItsPiecesAreAllOfIt) {
  for (const Bytes memory : {256_MiB, 1_GiB, 3_GiB, 6_GiB}) {
    for (const Topology& topology : {kOneNode, kTwoNodes}) {
      const auto layout = MemoryLayout::plan(topology, memory, 32_MiB);
      Bytes all = 0, last_end = 0;
      for (const MemoryLayout::Piece& piece : layout.pieces()) {
        EXPECT_GE(piece.physical, last_end);
        for (const Bytes into : {Bytes{0}, piece.bytes - 1}) {
          const auto place = layout.locate(piece.physical + into);
          ASSERT_TRUE(place);
          EXPECT_EQ(place->node, piece.node);
          EXPECT_EQ(place->offset, piece.offset + into);
        }
        last_end = piece.physical + piece.bytes;
        all += piece.bytes;
      }
      EXPECT_EQ(all, layout.total());
      EXPECT_FALSE(layout.locate(last_end));
    }
  }
}

TEST(MemoryLayout, FindsAnAddressInItsNodesFile) {
  const auto layout = MemoryLayout::plan(kTwoNodes, 1_GiB, 32_MiB);  // 544 and 512 MiB
  EXPECT_EQ(layout.locate(0)->node, 0u);
  EXPECT_EQ(layout.locate(544_MiB - 1)->offset, 544_MiB - 1);
  EXPECT_EQ(layout.locate(544_MiB)->node, 1u);
  EXPECT_EQ(layout.locate(544_MiB)->offset, 0u);
  EXPECT_FALSE(layout.locate(layout.total()));
  EXPECT_FALSE(layout.locate(4_GiB));
}

TEST(MemoryLayout, MovesWhatIsAboveTwoGigabytesBehindTheHole) {
  const auto layout = MemoryLayout::plan(kTwoNodes, 4_GiB, 64_MiB);  // 2112 and 2048 MiB
  EXPECT_EQ(layout.locate(2_GiB - 1)->offset, 2_GiB - 1);
  EXPECT_FALSE(layout.locate(2_GiB));
  EXPECT_FALSE(layout.locate(4_GiB - 1));
  EXPECT_EQ(layout.locate(4_GiB)->node, 0u);
  EXPECT_EQ(layout.locate(4_GiB)->offset, 2_GiB);
  EXPECT_EQ(layout.locate(4_GiB + 64_MiB)->node, 1u);
  EXPECT_EQ(layout.locate(4_GiB + 64_MiB)->offset, 0u);
  EXPECT_TRUE(layout.locate(6_GiB + 64_MiB - 1));
  EXPECT_FALSE(layout.locate(6_GiB + 64_MiB));
}

TEST(MemoryLayout, LeavesTwoAndAHalfGigabytesInOnePiece) {
  const auto layout = MemoryLayout::plan(kOneNode, 2560_MiB, 32_MiB);
  EXPECT_EQ(layout.locate(2500_MiB)->offset, 2500_MiB);
}

class GuestMemoryFiles : public testing::Test {
 protected:
  void SetUp() override {
    auto parent = TempDir::create(fs::temp_directory_path(), "guest_memory_test");
    ASSERT_TRUE(parent);
    parent_.emplace(std::move(*parent));
  }
  std::optional<TempDir> parent_;
};

TEST_F(GuestMemoryFiles, AreSparseAndGoWithTheirOwner) {
  fs::path directory;
  {
    const auto memory = GuestMemory::create(parent_->path(), MemoryLayout::plan(kTwoNodes, 1_GiB, 32_MiB));
    ASSERT_TRUE(memory) << memory.error().render();
    directory = memory->directory();
    ASSERT_EQ(memory->files().size(), 2u);
    EXPECT_EQ(fs::file_size(memory->files()[0]), 544_MiB);
    EXPECT_EQ(fs::file_size(memory->files()[1]), 512_MiB);
    struct stat info {};
    ASSERT_EQ(::stat(memory->files()[1].c_str(), &info), 0);
    EXPECT_EQ(info.st_blocks, 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  }
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(GuestMemoryFiles, HoldTheMailboxWhereTheGuestLooksForIt) {
  const auto memory = GuestMemory::create(parent_->path(), MemoryLayout::plan(kOneNode, 256_MiB, 32_MiB));
  ASSERT_TRUE(memory) << memory.error().render();
  EXPECT_EQ(memory->mailbox().size(), 32_MiB);
  memory->mailbox().put_header();
  ASSERT_TRUE(memory->mailbox().put_delivery(mailbox::DeliveryKind::kRun, as_byte_span("a delivery")));
  const auto fd = open_file(memory->files()[0], 0);
  ASSERT_TRUE(fd);
  const auto guest = Mapping::map(*fd, mailbox::kGuestAddress, 32_MiB, false);
  ASSERT_TRUE(guest);
  const mailbox::View view(guest->bytes());
  EXPECT_TRUE(view.check_header());
  EXPECT_EQ(as_text(*view.take_delivery()), "a delivery");
}

TEST_F(GuestMemoryFiles, AreNotEvenBegunWhereTheyDoNotFit) {
  const auto free = free_space(parent_->path());
  ASSERT_TRUE(free);
  const auto memory = GuestMemory::create(parent_->path(), MemoryLayout::plan(kOneNode, *free + 1_GiB, 32_MiB));
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code(), ErrorCode::kNoSpace);
  EXPECT_NE(memory.error().hint().find("$KTSTR_RAM_DIR"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(parent_->path()));
}

TEST_F(GuestMemoryFiles, NeedADirectoryThatIsThere) {
  const auto memory = GuestMemory::create(parent_->path() / "missing", MemoryLayout::plan(kOneNode, 256_MiB, 32_MiB));
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ktstr
