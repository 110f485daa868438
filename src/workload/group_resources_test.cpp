// SPDX-License-Identifier: Apache-2.0
#include "workload/group_resources.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace ktstr {
namespace {

TEST(GroupSize, SaysWhatATypeNeeds) {
  EXPECT_TRUE(GroupSize{}.check(1, "A"));
  EXPECT_TRUE(GroupSize{.multiple_of = 2}.check(4, "A"));
  EXPECT_EQ(GroupSize{.multiple_of = 2}.check(3, "A").error().message(), "A needs workers in pairs, not 3");
  EXPECT_EQ(GroupSize{.multiple_of = 5}.check(4, "A").error().message(), "A needs workers in groups of 5, not 4");
  EXPECT_EQ(GroupSize{.at_least = 3}.check(2, "A").error().message(), "A needs at least 3 workers, not 2");
}

TEST(SharedWord, KeepsWhenItWasChangedAndThatTheGroupStops) {
  SharedWord word;
  word.set(7, 100);
  EXPECT_EQ(word.value(), 7u);
  EXPECT_EQ(word.changed_ns, 100u);
  word.stop();
  EXPECT_EQ(word.value(), 7u);
  word.set(SharedWord::kStopped | 8, 200);
  EXPECT_EQ(word.value(), 8u);
  EXPECT_EQ(word.futex, SharedWord::kStopped | 8) << "who would sleep on 8 does not";
}

TEST(GroupResources, HaveFilesInTheOrderOfAsking) {
  GroupResources shared(2);
  ASSERT_TRUE(shared.add_pipe());
  ASSERT_TRUE(shared.add_socket_pair());
  ASSERT_TRUE(shared.add_event());
  ASSERT_EQ(shared.files().size(), 5u);
  char byte = 0;
  for (const auto& [from, to] : {std::pair{0, 1}, {2, 3}, {3, 2}}) {
    const int in = shared.file(static_cast<std::size_t>(from)), out = shared.file(static_cast<std::size_t>(to));
    EXPECT_EQ(::read(in, &byte, 1), -1) << "it must not block";
    EXPECT_EQ(::write(out, "x", 1), 1);
    EXPECT_EQ(::read(in, &byte, 1), 1);
  }
  eventfd_t count = 0;
  EXPECT_EQ(::eventfd_write(shared.file(4), 3), 0);
  EXPECT_EQ(::eventfd_read(shared.file(4), &count), 0);
  EXPECT_EQ(count, 3u);
}

TEST(GroupResources, HaveWordsOnceTheyAreBound) {
  GroupResources shared(2);
  shared.add_words(1);
  shared.add_words(2);
  EXPECT_EQ(shared.word_count(), 3u);
  SharedWord words[3];
  shared.bind(words, {}, 9);
  EXPECT_EQ(&shared.word(2), &words[2]);
  EXPECT_EQ(shared.stop_event(), 9);
}

TEST(GroupResources, HaveMeasuresOfEachWorker) {
  GroupResources shared(2);
  shared.add_measures(2, 3);
  EXPECT_EQ(shared.latencies(), 4u);
  EXPECT_EQ(shared.counts(), 6u);
  std::vector<LatencyCounts> latencies(4);
  std::atomic<std::uint64_t> counts[6];
  shared.bind(nullptr, {latencies.data(), counts}, -1);
  EXPECT_EQ(shared.measures(0).latencies, latencies.data());
  EXPECT_EQ(shared.measures(1).latencies, &latencies[2]);
  EXPECT_EQ(shared.measures(1).counts, &counts[3]);
}

TEST(GroupResources, UndoWhatTheyMadeOutsideOnceTheLastOneFirstAndWithoutTheirFiles) {
  std::vector<int> undone;
  {
    GroupResources shared(1);
    ASSERT_TRUE(shared.add_event());
    const int file = shared.file(0);
    shared.add_undo([&] { undone.push_back(1); });
    shared.add_undo([&undone, file] { undone.push_back(::fcntl(file, F_GETFD) < 0 ? 2 : -2); });
    GroupResources moved(std::move(shared));
    EXPECT_TRUE(undone.empty());
    moved.end();
  }
  EXPECT_EQ(undone, (std::vector<int>{2, 1}));
}

}  // namespace
}  // namespace ktstr
