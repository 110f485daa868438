// SPDX-License-Identifier: Apache-2.0
#include "engine/warm/warm_image.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "engine/testing/warm_fakes.h"

namespace ktstr {
namespace {

using namespace literals;
using testing::HasSubstr;

class WarmImages : public testing::Test {
 protected:
  void SetUp() override {
    auto world = TempDir::create(fs::temp_directory_path(), "warm_image_test");
    ASSERT_TRUE(world) << world.error().render();
    world_.emplace(*std::move(world));
    ASSERT_TRUE(fs::create_directory(directory()));
  }
  fs::path directory() const { return world_->path() / "image"; }
  GuestMemory memory(const Topology& topology = kFakeTopology) const {
    auto made = GuestMemory::create(world_->path(), fake_layout(topology));
    EXPECT_TRUE(made) << made.error().render();
    return *std::move(made);
  }
  void save(const GuestMemory& memory) const {
    ASSERT_TRUE(write_text(directory() / "state", "devices"));
    const Status saved = WarmImage::save(
        directory(), memory, {.key = fake_key("m"), .guest_ns = 7, .boot_seconds = 4.25, .console = "Linux\n\xff"});
    ASSERT_TRUE(saved) << saved.error().render();
  }
  void save_small() const {
    const GuestMemory small = memory();
    put(small.files()[0], 0, "kernel");
    put(small.files()[1], 64_MiB, "page");
    save(small);
  }
  // What is wrong with the image, as a run finds it: opening, memory, device state.
  std::string damage() const {
    const auto image = WarmImage::open(directory());
    if (!image) return said(image.error());
    GuestMemory into = memory();
    if (const Status restored = image->restore_memory(into); !restored) return said(restored.error());
    auto qmp = Qmp::create();
    const Fd qemu(::dup(qmp->qemu_fd()));
    constexpr std::string_view kAnswers =
        "{\"return\":{}}\n{\"return\":{}}\n{\"return\":{}}\n{\"return\":{\"status\":\"paused\"}}\n";
    EXPECT_TRUE(write_all(qemu.get(), as_byte_span(kAnswers)));
    const Status loaded = image->load_device_state(*qmp);
    return loaded ? "none" : said(loaded.error());
  }
  static std::string said(const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << error.render();
    return error.message();
  }

  std::optional<TempDir> world_;
};

void expect_same_bytes(const fs::path& a, const fs::path& b) {
  const Bytes size = fs::file_size(a);
  ASSERT_EQ(size, fs::file_size(b)) << a;
  const auto fd_a = open_file(a, O_RDONLY), fd_b = open_file(b, O_RDONLY);
  ASSERT_TRUE(fd_a && fd_b);
  const auto map_a = Mapping::map(*fd_a, 0, size, false), map_b = Mapping::map(*fd_b, 0, size, false);
  ASSERT_TRUE(map_a && map_b);
  EXPECT_EQ(std::memcmp(map_a->data(), map_b->data(), size), 0) << a << " and " << b << " differ";
}

Bytes blocks(const fs::path& file) {
  struct stat status {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  return static_cast<Bytes>(status.st_blocks) * 512;
}

TEST_F(WarmImages, GiveBackMemoryByteForByte) {
  const GuestMemory from = memory();
  const Bytes end = fs::file_size(from.files()[0]);
  put(from.files()[0], 0, "first");
  put(from.files()[0], 1_MiB - 3, std::string(600'000, 'x'));  // over the borders of blocks and units
  put(from.files()[0], 8_MiB, std::string(1_MiB, '\0'));       // there, and all zeroes
  put(from.files()[0], end - 4, "last");
  put(from.files()[1], 64_MiB + 12'345, "y");
  save(from);

  const auto image = WarmImage::open(directory());
  ASSERT_TRUE(image) << image.error().render();
  EXPECT_EQ(image->key().digest(), fake_key("m").digest());
  EXPECT_EQ(image->key().mode, "det");
  EXPECT_EQ(image->guest_ns(), 7u);
  EXPECT_EQ(image->boot_seconds(), 4.25);
  EXPECT_THAT(image->console(), HasSubstr("Linux\n"));
  GuestMemory into = memory();
  ASSERT_TRUE(image->restore_memory(into));
  for (std::size_t node = 0; node < 2; ++node) {
    expect_same_bytes(from.files()[node], into.files()[node]);
    EXPECT_LT(blocks(into.files()[node]), 1_MiB) << "zeroes were written";
  }
  EXPECT_LT(image->bytes(), 1_MiB);
}

TEST_F(WarmImages, ThatAreWholeAreFine) {
  save_small();
  EXPECT_EQ(damage(), "none");
}

TEST_F(WarmImages, ThatAreNotThereAreNotFound) {
  const auto image = WarmImage::open(directory());
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code(), ErrorCode::kNotFound);
}

TEST_F(WarmImages, WithATruncatedFileAreDamaged) {
  save_small();
  for (const char* name : {"ram0", "ram1", "state", "image.json"}) {
    const Bytes size = fs::file_size(directory() / name);
    const auto whole = read_bytes(directory() / "image.json");
    fs::resize_file(directory() / name, size - 1);
    EXPECT_NE(damage(), "none") << name;
    fs::resize_file(directory() / name, size);  // RAM and state end with a byte that is not zero, or do not matter
    ASSERT_TRUE(write_atomically(directory() / "image.json", *whole));
  }
}

TEST_F(WarmImages, WithAMissingFileAreDamaged) {
  save_small();
  for (const char* name : {"ram1", "state"}) {
    fs::rename(directory() / name, directory() / "away");
    EXPECT_THAT(damage(), HasSubstr(name));
    fs::rename(directory() / "away", directory() / name);
  }
  EXPECT_EQ(damage(), "none");
}

TEST_F(WarmImages, WithOneFlippedBitAreDamaged) {
  save_small();
  const std::vector<std::pair<std::string, Bytes>> bits{
      {"ram0", 0}, {"ram0", 5}, {"ram0", 4095}, {"ram1", 64_MiB}, {"ram1", 64_MiB + 3}, {"state", 0}, {"state", 6}};
  for (const auto& [name, offset] : bits) {
    flip_bit(directory() / name, offset, 3);
    EXPECT_THAT(damage(), HasSubstr(name)) << offset;
    flip_bit(directory() / name, offset, 3);
  }
  EXPECT_EQ(damage(), "none");
}

// "1e5" and "1E5" are one number: what can be read must say what was saved.
TEST_F(WarmImages, WithAnyFlippedBitInTheDescriptionAreDamagedOrTheSame) {
  save_small();
  const auto saved = WarmImage::open(directory());
  ASSERT_TRUE(saved) << saved.error().render();
  const fs::path description = directory() / "image.json";
  const auto whole = read_bytes(description);
  ASSERT_TRUE(whole);
  std::size_t harmless = 0;
  for (std::size_t bit = 0; bit < whole->size() * 8; ++bit) {
    flip_bit(description, bit / 8, static_cast<int>(bit % 8));
    const auto image = WarmImage::open(directory());
    flip_bit(description, bit / 8, static_cast<int>(bit % 8));
    if (!image) {
      EXPECT_EQ(image.error().code(), ErrorCode::kCorruptData) << image.error().render();
      continue;
    }
    ++harmless;
    EXPECT_EQ(image->checksum(), saved->checksum()) << bit;
    EXPECT_EQ(image->console(), saved->console()) << bit;
    EXPECT_EQ(image->key().digest(), saved->key().digest()) << bit;
    EXPECT_EQ(image->bytes(), saved->bytes()) << bit;
  }
  EXPECT_LT(harmless, 10u);
}

TEST_F(WarmImages, OfAnotherMachineAreNotRestored) {
  save_small();
  const auto image = WarmImage::open(directory());
  ASSERT_TRUE(image);
  GuestMemory one_node = memory({1, 1, 2, 1});
  const Status restored = image->restore_memory(one_node);
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().message(), HasSubstr("2 NUMA nodes"));
}

TEST(WarmKeys, DifferWhereAnythingOfTheMachineDiffers) {
  const WarmKey key = fake_key("m");
  EXPECT_EQ(key.digest().size(), 32u);
  for (auto part : {&WarmKey::kernel_sha256, &WarmKey::initramfs_sha256, &WarmKey::qemu_version, &WarmKey::machine}) {
    WarmKey other = key;
    other.*part += "2";
    EXPECT_NE(other.digest(), key.digest());
  }
  WarmKey renamed = key;
  renamed.kernel = "another name";
  EXPECT_EQ(renamed.digest(), key.digest());
}

TEST_F(WarmImages, AreOfThePluginThatGuardedTheirClock) {
  const fs::path plugin = directory() / "ktstr-turns.so";
  fs::create_directories(directory());
  const auto key_with = [&](std::string_view contents) {
    EXPECT_TRUE(write_text(plugin, contents));
    GuestSpec spec;
    spec.plugin = plugin;
    const auto key = warm_key(spec, MemoryLayout::plan(spec.topology, 256_MiB, 32_MiB), "kernel", "initramfs", "10.0");
    EXPECT_TRUE(key);
    return key ? key->digest() : "";
  };
  EXPECT_EQ(key_with("one"), key_with("one"));
  EXPECT_NE(key_with("one"), key_with("another"));
}

}  // namespace
}  // namespace ktstr
