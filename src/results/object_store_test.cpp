// SPDX-License-Identifier: Apache-2.0
#include "results/object_store.h"

#include <gmock/gmock.h>

#include <optional>
#include <thread>

#include "base/hash.h"
#include "results/run_directory.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Objects : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-objects");
    ASSERT_TRUE(dir);
    state_.emplace(*std::move(dir));
  }
  fs::path state() const { return state_->path(); }
  fs::path object() const { return state() / "objects" / sha_; }
  fs::path run_dir(const std::string& name = "run") const { return state() / "runs" / name; }
  Status keep(const std::string& run = "run") { return store().keep(sha_, as_byte_span(text_), run_dir(run)); }
  ObjectStore store() const { return ObjectStore(state()); }

  std::optional<TempDir> state_;
  const std::string text_ = std::string(100'000, 'a') + "end";
  const std::string sha_ = sha256(as_byte_span(text_));
};

TEST_F(Objects, ComeBackAsTheyWereAndSmaller) {
  ASSERT_TRUE(keep());
  EXPECT_EQ(as_text(*store().read(sha_, run_dir())), text_);
  EXPECT_LT(fs::file_size(object()), 1000u);
}

TEST_F(Objects, MayBeEmpty) {
  const std::string none = sha256({});
  ASSERT_TRUE(store().keep(none, {}, run_dir()));
  EXPECT_EQ(store().read(none, run_dir())->size(), 0u);
}

TEST_F(Objects, AreSharedByRuns) {
  ASSERT_TRUE(keep("a"));
  ASSERT_TRUE(keep("b"));
  ASSERT_TRUE(keep("b"));
  EXPECT_EQ(fs::hard_link_count(object()), 3u);
}

TEST_F(Objects, AreNotWrittenAgain) {
  ASSERT_TRUE(keep());
  const auto inode = fs::hard_link_count(object());
  ASSERT_TRUE(write_text(object(), "not what it was"));  // would be replaced by a second write
  ASSERT_TRUE(keep());
  EXPECT_EQ(fs::hard_link_count(object()), inode);
  EXPECT_EQ(*read_text(object()), "not what it was");
}

TEST_F(Objects, AreCompleteInADirectoryThatWasCopiedAway) {
  ASSERT_TRUE(keep());
  fs::copy(run_dir(), state() / "copy", fs::copy_options::recursive);
  fs::remove_all(state() / "runs");
  fs::remove_all(state() / "objects");
  EXPECT_EQ(as_text(*store().read(sha_, state() / "copy")), text_);
}

TEST_F(Objects, AreFoundInTheStoreWhenTheRunHasThemNot) {
  ASSERT_TRUE(keep());
  fs::remove_all(run_dir() / "objects");
  EXPECT_TRUE(store().read(sha_, run_dir()));
}

TEST_F(Objects, ThatAreDamagedInOnePlaceAreTakenFromTheOther) {
  ASSERT_TRUE(keep());
  fs::copy(run_dir(), state() / "copy", fs::copy_options::recursive);
  ASSERT_TRUE(write_text(state() / "copy/objects" / sha_, "damaged"));
  EXPECT_TRUE(store().read(sha_, state() / "copy"));
}

TEST_F(Objects, ThatAreMissingAreNamed) {
  const auto found = store().read(sha_, run_dir());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(found.error().message(), HasSubstr(sha_));
  EXPECT_THAT(found.error().hint(), HasSubstr("--current"));
  EXPECT_EQ(store().read("../../etc/passwd", run_dir()).error().code(), ErrorCode::kCorruptData);
}

TEST_F(Objects, WithAnyBitFlippedAreRefused) {
  ASSERT_TRUE(keep());
  fs::remove_all(run_dir());
  const ByteVector good = *read_bytes(object());
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      ByteVector bad = good;
      bad[i] ^= static_cast<std::byte>(1 << bit);
      ASSERT_TRUE(write_atomically(object(), bad));
      const auto found = store().read(sha_, run_dir());
      // A bit that the decoder does not look at changes no contents.
      if (found) {
        EXPECT_EQ(as_text(*found), text_);
      } else {
        EXPECT_EQ(found.error().code(), ErrorCode::kCorruptData);
        EXPECT_THAT(found.error().message(), HasSubstr(object().string()));
        EXPECT_NE(found.error().hint(), "");
      }
    }
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_TRUE(write_atomically(object(), ByteSpan(good).first(size)));
    EXPECT_FALSE(store().read(sha_, run_dir())) << size;
  }
}

TEST_F(Objects, AreStoredOnceByManyAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([this, i] {
      const Status kept = keep("run" + std::to_string(i));
      EXPECT_TRUE(kept) << kept.error().render();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fs::hard_link_count(object()), 9u);
  EXPECT_EQ(as_text(*store().read(sha_, run_dir())), text_);
}

TEST_F(Objects, ArePrunedOnceOldAndWithoutARun) {
  ASSERT_TRUE(keep());
  EXPECT_EQ(*store().prune(0s), 0u) << "a run has it";
  fs::remove_all(run_dir());
  EXPECT_EQ(*store().prune(), 0u) << "it is young";
  fs::last_write_time(object(), fs::file_time_type::clock::now() - 2h);
  EXPECT_EQ(*store().prune(), 1u);
  EXPECT_FALSE(fs::exists(object()));
}

TEST_F(Objects, AreYoungAgainWhenUsedAgain) {
  ASSERT_TRUE(keep());
  fs::last_write_time(object(), fs::file_time_type::clock::now() - 2h);
  ASSERT_TRUE(keep("other"));
  fs::remove_all(state() / "runs");
  EXPECT_EQ(*store().prune(), 0u);
}

TEST_F(Objects, GoWithTheLastRunThatIsPruned) {
  const auto start = std::chrono::system_clock::time_point(1s);
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(store().keep(sha_, as_byte_span(text_), RunDirectory::create(state(), "t", start + i * 1s)->path()));
  fs::last_write_time(object(), fs::file_time_type::clock::now() - 2h);
  EXPECT_EQ(*prune_runs(state(), 1), 1u);
  EXPECT_TRUE(fs::exists(object()));
  EXPECT_EQ(*prune_runs(state(), 0), 1u);
  EXPECT_FALSE(fs::exists(object()));
}

TEST_F(Objects, OfNobodyAreNothingToPrune) {
  EXPECT_EQ(*store().prune(0s), 0u);
  ASSERT_TRUE(keep());
  ASSERT_TRUE(write_text(state() / "objects" / "notes", "mine"));
  fs::remove_all(run_dir());
  EXPECT_EQ(*store().prune(0s), 1u);
  EXPECT_TRUE(fs::exists(state() / "objects" / "notes"));
}

}  // namespace
}  // namespace ktstr
