// SPDX-License-Identifier: Apache-2.0
#include "engine/warm/warm_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "engine/testing/warm_fakes.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class WarmCaches : public testing::Test {
 protected:
  void SetUp() override {
    auto world = TempDir::create(fs::temp_directory_path(), "warm_cache_test");
    ASSERT_TRUE(world) << world.error().render();
    world_.emplace(*std::move(world));
  }
  fs::path root() const { return world_->path() / "warm"; }
  WarmCache cache(Bytes limit = kDefaultWarmLimit) const { return WarmCache(root(), limit); }
  // Counts in a file, which processes share: a byte a build.
  WarmCache::Build builder(const WarmKey& key) const {
    return [this, key](const fs::path& directory) -> Status {
      KTSTR_TRY_ASSIGN(const Fd builds, open_file(world_->path() / "builds", O_WRONLY | O_CREAT | O_APPEND));
      KTSTR_TRY(write_all(builds.get(), as_byte_span("x")));
      std::this_thread::sleep_for(50ms);  // the others come meanwhile
      return save_fake_image(directory, key);
    };
  }
  std::size_t builds() const {
    std::error_code error;
    const auto size = fs::file_size(world_->path() / "builds", error);
    return error ? 0 : size;
  }
  Result<WarmCache::Lease> get(const WarmKey& key, Bytes limit = kDefaultWarmLimit) const {
    return cache(limit).get(key, builder(key), {});
  }
  void add(const std::string& machine, int age_hours = 0) const {
    const auto lease = get(fake_key(machine));
    ASSERT_TRUE(lease) << lease.error().render();
    fs::last_write_time(lease->image.directory() / "last_used",
                        fs::file_time_type::clock::now() - std::chrono::hours(age_hours));
  }
  std::vector<std::string> machines() const {  // most recently used first
    std::vector<std::string> found;
    const auto entries = cache().list();
    EXPECT_TRUE(entries);
    for (const auto& entry : *entries) found.push_back(entry.image ? entry.image->key().machine : entry.damage);
    return found;
  }
  bool leftovers() const {
    for (const auto& entry : fs::directory_iterator(root()))
      if (entry.path().filename().string().starts_with("building.")) return true;
    return false;
  }

  std::optional<TempDir> world_;
};

// The exit status of a child that does what `body` says.
template <typename Body>
pid_t in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  return pid;
}

int exit_status(pid_t pid) {
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(WarmCaches, BuildAnImageOnceAndThenHaveIt) {
  const auto first = get(fake_key("a"));
  ASSERT_TRUE(first) << first.error().render();
  EXPECT_TRUE(first->built);
  const auto second = get(fake_key("a"));
  ASSERT_TRUE(second) << second.error().render();
  EXPECT_FALSE(second->built);
  EXPECT_EQ(read_at(second->image.directory() / "ram0", 0, 1), "a");
  EXPECT_EQ(builds(), 1u);
}

TEST_F(WarmCaches, BuildOnceForThreadsThatWantTheSame) {
  std::atomic<int> built = 0, had = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        const auto lease = get(fake_key("a"));
        if (lease) ++(lease->built ? built : had);
      });
  }
  EXPECT_EQ(built, 1);
  EXPECT_EQ(had, 3);
  EXPECT_EQ(builds(), 1u);
}

TEST_F(WarmCaches, BuildOnceForProcessesThatWantTheSame) {
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) children.push_back(in_child([&] { return get(fake_key("a")) ? 0 : 1; }));
  for (const pid_t child : children) EXPECT_EQ(exit_status(child), 0);
  EXPECT_EQ(builds(), 1u);
  EXPECT_FALSE(leftovers());
}

TEST_F(WarmCaches, ForgetABuilderThatWasKilled) {
  const pid_t child = in_child([&] {
    const auto lease = cache().get(fake_key("a"),
                                   [&](const fs::path& directory) {
                                     ignore_result(write_text(directory / "state", "half"), "");
                                     for (;;) ::pause();
                                     return ok();
                                   },
                                   {});
    return 0;
  });
  while (!fs::exists(root()) || !leftovers()) std::this_thread::sleep_for(1ms);
  ::kill(child, SIGKILL);
  EXPECT_EQ(exit_status(child), -1);
  EXPECT_TRUE(leftovers());
  const auto lease = get(fake_key("a"));
  ASSERT_TRUE(lease) << lease.error().render();
  EXPECT_TRUE(lease->built);
  EXPECT_FALSE(leftovers());
}

TEST_F(WarmCaches, LeaveNothingOfABuildThatFailed) {
  const auto failed =
      cache().get(fake_key("a"), [](const fs::path&) -> Status { return fail(ErrorCode::kNoSpace, "full"); }, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kNoSpace);
  EXPECT_FALSE(leftovers());
  EXPECT_THAT(machines(), ElementsAre());
}

TEST_F(WarmCaches, CanBeInterruptedWhileTheyWaitForOthers) {
  fs::create_directories(root());
  const auto others = FileLock::acquire(root() / (fake_key("a").digest() + ".lock"), FileLock::Kind::kExclusive);
  ASSERT_TRUE(others);
  int asked = 0;
  const auto lease = cache().get(fake_key("a"), builder(fake_key("a")), [&] { return ++asked == 3; });
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(builds(), 0u);
}

TEST_F(WarmCaches, BuildDamagedImagesAnew) {
  add("a");
  flip_bit(root() / fake_key("a").digest() / "image.json", 40);
  const auto lease = get(fake_key("a"));
  ASSERT_TRUE(lease) << lease.error().render();
  EXPECT_TRUE(lease->built);
  EXPECT_EQ(builds(), 2u);
}

TEST_F(WarmCaches, BuildAnewWhatLiesUnderAnotherName) {
  add("a");
  fs::rename(root() / fake_key("a").digest(), root() / fake_key("b").digest());
  const auto lease = get(fake_key("b"));
  ASSERT_TRUE(lease) << lease.error().render();
  EXPECT_TRUE(lease->built);
  EXPECT_EQ(lease->image.key().machine, "b");
}

TEST_F(WarmCaches, DiscardWhatIsDamagedAndNotWhatWasBuiltSince) {
  auto stale = get(fake_key("a"));
  ASSERT_TRUE(stale);
  {
    auto lease = get(fake_key("a"));
    ASSERT_TRUE(lease);
    stale->lock = std::move(lease->lock);  // one lock for the two of us
    ASSERT_TRUE(cache().discard({std::move(stale->image), std::move(stale->lock)}, "a bit", {}));
    EXPECT_THAT(machines(), ElementsAre());
    auto anew = get(fake_key("a"));
    ASSERT_TRUE(anew && anew->built);
    ASSERT_TRUE(cache().discard({std::move(lease->image), std::move(anew->lock)}, "a bit", {}));
  }
  EXPECT_THAT(machines(), ElementsAre("a"));
}

TEST_F(WarmCaches, RemoveTheLeastRecentlyUsedWhenTheyOutgrowTheLimit) {
  add("a", 1);
  add("b", 3);
  add("c", 2);
  EXPECT_THAT(machines(), ElementsAre("a", "c", "b"));
  const Bytes one = cache().list()->front().bytes;
  const auto lease = get(fake_key("d"), one * 3);
  ASSERT_TRUE(lease) << lease.error().render();
  EXPECT_THAT(machines(), ElementsAre("d", "a", "c"));
  const auto alone = get(fake_key("e"), 1);  // larger than the limit, and the one that is needed
  ASSERT_TRUE(alone) << alone.error().render();
  EXPECT_THAT(machines(), UnorderedElementsAre("d", "e"));  // d is in use
}

TEST_F(WarmCaches, AreCleanedButForWhatIsInUse) {
  add("a");
  add("b");
  add("c");
  const auto lease = get(fake_key("b"));
  ASSERT_TRUE(lease);
  const auto entries = cache().list();
  ASSERT_TRUE(entries);
  for (const auto& entry : *entries) EXPECT_EQ(entry.in_use, entry.digest == fake_key("b").digest());
  const auto named = cache().clean({fake_key("a").digest().substr(0, 12)});
  ASSERT_TRUE(named) << named.error().render();
  EXPECT_EQ(named->removed, 1);
  EXPECT_GT(named->bytes, 0u);
  const auto all = cache().clean({});
  ASSERT_TRUE(all) << all.error().render();
  EXPECT_EQ(all->removed, 1);
  EXPECT_THAT(all->in_use, ElementsAre(fake_key("b").digest()));
  EXPECT_THAT(machines(), ElementsAre("b"));
  EXPECT_FALSE(leftovers());
}

TEST_F(WarmCaches, AreNotCleanedOfWhatIsNotThere) {
  add("a");
  const auto cleaned = cache().clean({"0123xyz"});
  ASSERT_FALSE(cleaned);
  EXPECT_THAT(cleaned.error().message(), HasSubstr("'0123xyz'"));
  EXPECT_THAT(machines(), ElementsAre("a"));
}

}  // namespace
}  // namespace ktstr
