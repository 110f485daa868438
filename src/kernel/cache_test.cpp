// SPDX-License-Identifier: Apache-2.0
#include "kernel/cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "kernel/fetch/metadata.h"
#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

const KernelSource kSource{.suite = "sid", .package = "linux-binary-7.3.4", .package_version = "7.3.4-1"};

class KernelCacheTest : public testing::Test {
 protected:
  // Changes one byte in the middle, keeping size; the modification time moves as it does for any writer.
  static void flip_a_byte(const fs::path& file) {
    ByteVector bytes = *read_bytes(file);
    bytes[bytes.size() / 2] ^= std::byte{1};
    ASSERT_TRUE(write_text(file, as_text(bytes)));
  }
  std::string damage_of(const std::string& key) const {
    for (const CacheEntry& item : cache_.list())
      if (item.key == key) return item.damage;
    return "not listed";
  }
  KernelEntry add(const synthetic::KernelOptions& options = {}) {
    auto entry = cache_.add_image(synthetic::kernel(options), "test", kSource, "CONFIG_A=y\n");
    EXPECT_TRUE(entry) << entry.error().message();
    return *entry;
  }

  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-kernel-test");
  KernelCache cache_{dir_.path() / "kernels"};
};

TEST_F(KernelCacheTest, IsEmptyBeforeItExists) {
  EXPECT_TRUE(cache_.list().empty());
  EXPECT_EQ(cache_.find("7.3-0123456789ab").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(cache_.remove("7.3-0123456789ab").error().code(), ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(cache_.root()));
}

TEST_F(KernelCacheTest, StoresTheUnpackedImageWithWhatIsKnownAboutIt) {
  const ByteVector vmlinux = synthetic::kernel();
  const auto stored =
      cache_.add_image(synthetic::bzimage(synthetic::zstd(vmlinux)), "vmlinuz", kSource, "CONFIG_A=y\n");
  ASSERT_TRUE(stored) << stored.error().message();
  const auto found = cache_.find(stored->key);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(*read_bytes(found->vmlinux()), vmlinux);
  EXPECT_EQ(*read_text(found->config()), "CONFIG_A=y\n");
  EXPECT_EQ(found->key, "7.3.4+test-cloud-amd64-" + found->facts.sha256.substr(0, 12));
  EXPECT_EQ(found->source, kSource);
  EXPECT_TRUE(found->facts.has_sched_ext);
  EXPECT_EQ(found->fetched_at.size(), std::string("2026-01-31T12:00:00Z").size());
  EXPECT_TRUE(cache_.verify(*found));
}

TEST_F(KernelCacheTest, ListsOldestFirstAndIgnoresWhatIsNotAnEntry) {
  add({.release = "7.10.1"});
  add({.release = "7.9.1"});
  ASSERT_TRUE(write_text(cache_.root() / "README", "hello"));
  fs::create_directory(cache_.root() / ".new.1.abcdef");
  const auto entries = cache_.list();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].entry->facts.release, "7.9.1");
  EXPECT_EQ(entries[1].entry->facts.release, "7.10.1");
}

TEST_F(KernelCacheTest, KeepsTwoKernelsOfOneReleaseApart) {
  EXPECT_NE(add({.salt = "a"}).key, add({.salt = "b"}).key);
  EXPECT_EQ(cache_.list().size(), 2u);
}

TEST_F(KernelCacheTest, KeepsAnUndamagedEntryWhenItIsAddedAgain) {
  const KernelEntry first = add();
  EXPECT_EQ(add().verified, first.verified) << "the image was written again";
  EXPECT_EQ(cache_.list().size(), 1u);
}

struct Damage {
  const char* name;
  void (*make)(const KernelEntry&);
  const char* said;
};

class DamagedEntry : public KernelCacheTest, public testing::WithParamInterface<Damage> {};

TEST_P(DamagedEntry, IsNamedNotUsedAndReplacedWhenItIsAddedAgain) {
  const KernelEntry entry = add();
  GetParam().make(entry);
  const auto found = cache_.find(entry.key);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kCorruptData);
  EXPECT_NE(found.error().message().find(entry.key), std::string::npos) << found.error().message();
  EXPECT_NE(found.error().message().find(GetParam().said), std::string::npos) << found.error().message();
  EXPECT_NE(found.error().hint().find("ktstr kernel fetch 7.3.4+test-cloud-amd64"), std::string::npos);
  EXPECT_NE(damage_of(entry.key), "");

  EXPECT_EQ(add().key, entry.key);
  EXPECT_TRUE(cache_.find(entry.key));
  EXPECT_EQ(damage_of(entry.key), "");
}

INSTANTIATE_TEST_SUITE_P(
    EveryWay, DamagedEntry,
    testing::Values(
        Damage{"MissingImage", [](const KernelEntry& entry) { fs::remove(entry.vmlinux()); }, "cannot stat"},
        Damage{"ShortImage", [](const KernelEntry& entry) { fs::resize_file(entry.vmlinux(), 100); }, "100 bytes"},
        Damage{"ImageIsADirectory",
               [](const KernelEntry& entry) {
                 fs::remove(entry.vmlinux());
                 fs::create_directory(entry.vmlinux());
               },
               "not a regular file"},
        Damage{"ChangedImage",
               [](const KernelEntry& entry) {
                 ByteVector bytes = *read_bytes(entry.vmlinux());
                 bytes[bytes.size() / 2] ^= std::byte{1};
                 ASSERT_TRUE(write_text(entry.vmlinux(), as_text(bytes)));
               },
               "SHA-256"},
        Damage{"MissingMetadata", [](const KernelEntry& entry) { fs::remove(entry.directory / "metadata.json"); },
               "metadata.json"},
        Damage{
            "UnreadableMetadata",
            [](const KernelEntry& entry) { ASSERT_TRUE(write_text(entry.directory / "metadata.json", "{\"key\":")); },
            "cannot be read"},
        Damage{"ForeignMetadata",
               [](const KernelEntry& entry) {
                 KernelEntry other = entry;
                 other.key = "another-key";
                 ASSERT_TRUE(write_text(entry.directory / "metadata.json", render_metadata(other)));
               },
               "another-key"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(KernelCacheTest, TellsToStoreAKernelAgainThatCameByPath) {
  const auto entry =
      cache_.add_image(synthetic::kernel(), "x", {.suite = {}, .package = "/my/bzImage", .package_version = {}});
  flip_a_byte(entry->vmlinux());
  EXPECT_NE(cache_.find(entry->key).error().hint().find("--kernel /my/bzImage"), std::string::npos);
}

TEST_F(KernelCacheTest, HashesAnImageAgainWhoseStampChangedAndRemembersThatItIsRight) {
  const KernelEntry entry = add();
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, entry.vmlinux().c_str(), times, 0), 0);
  const auto found = cache_.find(entry.key);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->verified.mtime_ns, 1000'000'000'000);
  EXPECT_EQ(parse_metadata(*read_text(entry.directory / "metadata.json"))->verified, found->verified);
}

TEST_F(KernelCacheTest, RemovesAnEntryEvenWhenItIsDamaged) {
  const KernelEntry entry = add();
  fs::remove(entry.vmlinux());
  ASSERT_TRUE(cache_.remove(entry.key));
  EXPECT_TRUE(cache_.list().empty());
  EXPECT_FALSE(fs::exists(entry.directory));
  for (const char* key : {"", ".", "..", "../kernels", ".lock", "/etc"})
    EXPECT_EQ(cache_.remove(key).error().code(), ErrorCode::kNotFound) << key;
}

TEST_F(KernelCacheTest, KeepsModulesAndReplacesAnEntryOfWhichNobodyHasLookedForThem) {
  EXPECT_FALSE(add().has_modules());
  const auto with = [&](const std::optional<KernelModules>& modules) {
    auto entry = cache_.add_image(synthetic::kernel(), "test", kSource, "CONFIG_A=y\n", modules);
    EXPECT_TRUE(entry) << entry.error().message();
    return *entry;
  };
  const KernelEntry replaced = with(KernelModules{{"null_blk", ByteVector(10)}});
  ASSERT_TRUE(replaced.has_modules());
  EXPECT_EQ(read_bytes(replaced.modules() / "null_blk.ko")->size(), 10u);
  EXPECT_TRUE(with({}).has_modules());
  with(KernelModules());
  EXPECT_TRUE(fs::exists(cache_.find(replaced.key)->modules() / "null_blk.ko")) << "what is there stays";
}

TEST_F(KernelCacheTest, LeavesNothingButTheEntryBehind) {
  add();
  fs::remove(add().vmlinux());
  add();
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(cache_.root())) names.push_back(item.path().filename().string());
  std::sort(names.begin(), names.end());
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0], ".lock");
}

TEST_F(KernelCacheTest, SurvivesWritersAndReadersAtOnce) {
  const ByteVector image = synthetic::kernel();
  std::vector<pid_t> writers;
  for (int i = 0; i < 4; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      KernelCache cache(cache_.root());
      bool good = true;
      for (int round = 0; round < 10; ++round) {
        // A source that differs each time makes every writer replace the entry.
        const KernelSource source{
            .suite = "sid", .package = std::to_string(i), .package_version = std::to_string(round)};
        good = good && cache.add_image(image, "x", source).has_value();
      }
      ::_exit(good ? 0 : 1);
    }
    writers.push_back(pid);
  }
  for (int i = 0; i < 50; ++i)
    for (const CacheEntry& item : cache_.list()) EXPECT_FALSE(item.damaged()) << item.damage;
  for (const pid_t pid : writers) {
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(cache_.list().size(), 1u);
}

TEST(DefaultCacheRoot, FollowsTheBaseDirectorySpecification) {
  EXPECT_EQ(*default_cache_root("/x", "/home/me"), "/x/ktstr/kernels");
  EXPECT_EQ(*default_cache_root(nullptr, "/home/me"), "/home/me/.cache/ktstr/kernels");
  EXPECT_EQ(*default_cache_root("", "/home/me"), "/home/me/.cache/ktstr/kernels");
  EXPECT_EQ(*default_cache_root("relative", "/home/me"), "/home/me/.cache/ktstr/kernels");
}

TEST(Metadata, RefusesWhatMissesAFieldOrHasAnotherType) {
  KernelEntry entry;
  entry.key = "k";
  const std::string good = render_metadata(entry);
  ASSERT_TRUE(parse_metadata(good));
  for (const char* field :
       {"\"key\"", "\"sha256\"", "\"size\"", "\"pvh\"", "\"source\"", "\"verified\"", "\"suite\""}) {
    std::string text = good;
    text.replace(text.find(field), 2, "\"_");
    EXPECT_EQ(parse_metadata(text).error().code(), ErrorCode::kCorruptData) << field;
  }
  for (const char* text : {"", "null", "[]", "7", "{\"key\": 7}"})
    EXPECT_EQ(parse_metadata(text).error().code(), ErrorCode::kCorruptData) << text;
}

}  // namespace
}  // namespace ktstr
