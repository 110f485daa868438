// SPDX-License-Identifier: Apache-2.0
#include "trace/trace_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <zstd.h>

#include <csignal>
#include <cstring>

#include "trace/testing/resealed_trace.h"
#include "trace/testing/sample_stream.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

constexpr std::size_t kHeaderStart = 24, kBlockStart = 24;

class TraceFile : public testing::Test {
 protected:
  void SetUp() override {
    auto made = TempDir::create(fs::temp_directory_path(), "ktstr-trace-test");
    ASSERT_TRUE(made) << made.error().message();
    directory_.emplace(*std::move(made));
  }
  fs::path path() const { return directory_->path() / kTraceFileName; }

  // The file's bytes.
  ByteVector written(const std::vector<TraceEvent>& events, TraceHeader header = some_header(),
                     Bytes most = UINT64_MAX) const {
    auto writer = TraceWriter::create(path(), header, most);
    EXPECT_TRUE(writer) << writer.error().message();
    for (const TraceEvent& event : events) writer->add(event);
    const Status finished = writer->finish();
    EXPECT_TRUE(finished) << finished.error().message();
    EXPECT_EQ(writer->stored() + writer->not_stored(), events.size());
    return *read_bytes(path());
  }

  static TraceHeader some_header() {
    TraceHeader header{.kernel = "7.3.4", .cpus = 4, .source = "plugin"};
    header.missing = {{"kick", "", "the kernel has no sched_ext"}, {"switch", "prev_delayed", "no such member"}};
    return header;
  }

 private:
  std::optional<TempDir> directory_;
};

struct Read {
  std::vector<TraceEvent> events;
  std::string error;
  bool cut_short = false;
  std::uint64_t not_stored = 0, passed_over = 0;
};

Read read_all(ByteSpan bytes) {
  Read all;
  auto reader = TraceReader::over(bytes);
  if (!reader) {
    all.error = reader.error().message();
    return all;
  }
  for (;;) {
    const auto event = reader->next();
    if (!event) all.error = event.error().message();
    if (!event || !*event) break;
    all.events.push_back(**event);
  }
  EXPECT_FALSE(reader->next()->has_value()) << "something comes after the end";
  all.cut_short = reader->cut_short();
  all.not_stored = reader->not_stored();
  all.passed_over = reader->passed_over();
  return all;
}

bool is_beginning_of(const std::vector<TraceEvent>& part, const std::vector<TraceEvent>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

TEST_F(TraceFile, GivesBackWhatWasStored) {
  std::vector<TraceEvent> events = sample_stream(100'000);
  const Read read = read_all(written(events));
  EXPECT_EQ(read.error, "");
  EXPECT_FALSE(read.cut_short);
  EXPECT_EQ(read.not_stored, 0u);
  EXPECT_TRUE(read.events == events);
}

TEST_F(TraceFile, KnowsItsHeader) {
  written({});
  const auto reader = TraceReader::open(path());
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(reader->header().kernel, "7.3.4");
  EXPECT_EQ(reader->header().cpus, 4u);
  EXPECT_EQ(reader->header().source, "plugin");
  EXPECT_EQ(reader->header().missing, some_header().missing);
  EXPECT_EQ(reader->header().kinds, known_trace_kinds());
}

TEST_F(TraceFile, KeepsWhatIsOutOfTheOrdinary) {
  std::vector<TraceEvent> events;
  for_each_trace_kind([&]<typename T>() {
    TraceEvent event = make_event(UINT64_MAX - events.size() * 1'000'000'007, 65535, T{});
    for (std::size_t i = 0; i < event.count; ++i) event.values[i] = splitmix64(i) * (i % 3);
    events.push_back(event);
    event.time_ns = 3;
    event.unreadable = 5;
    events.push_back(event);
    event.count = 0;
    event.values = {};
    events.push_back(event);
    event.count = kMostTraceValues;
    event.unreadable = UINT32_MAX;
    event.values.fill(UINT64_MAX);
    events.push_back(event);
  });
  const Read read = read_all(written(events));
  EXPECT_EQ(read.error, "");
  ASSERT_EQ(read.events.size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_TRUE(read.events[i] == events[i]) << i;
}

TEST_F(TraceFile, TakesAtMostEightBytesAnEvent) {
  for (const SampleShape& shape : {SampleShape{}, SampleShape{.cpus = 16, .tasks = 60, .with_bpf_scheduler = true}}) {
    const std::vector<TraceEvent> events = sample_stream(1'000'000, shape);
    const ByteVector bytes = written(events);
    EXPECT_LE(bytes.size(), 8 * events.size());
  }
}

TEST_F(TraceFile, StopsAtItsLimitAndSaysHowManyAreMissing) {
  const std::vector<TraceEvent> events = sample_stream(200'000);
  const Bytes limit = 400'000;
  const ByteVector bytes = written(events, some_header(), limit);
  EXPECT_LE(bytes.size(), limit);
  EXPECT_GE(bytes.size(), limit / 2);
  const Read read = read_all(bytes);
  EXPECT_EQ(read.error, "");
  EXPECT_FALSE(read.cut_short);
  EXPECT_GT(read.not_stored, 0u);
  EXPECT_EQ(read.events.size() + read.not_stored, events.size());
  EXPECT_TRUE(is_beginning_of(read.events, events));
  EXPECT_EQ(read_all(written(events, some_header(), 0)).not_stored, events.size());
}

TEST_F(TraceFile, IsReadAsFarAsItGoes) {
  const std::vector<TraceEvent> events = sample_stream(60'000);
  const ByteVector bytes = written(events);
  std::size_t most = 0;
  for (std::size_t size = bytes.size() - 1; size > 0; size -= std::min<std::size_t>(size, 9'973)) {
    const Read read = read_all(ByteSpan(bytes).first(size));
    EXPECT_TRUE(is_beginning_of(read.events, events));
    EXPECT_TRUE(read.cut_short || !read.error.empty());
    EXPECT_LT(read.events.size(), events.size() + 1);
    most = std::max(most, read.events.size());
  }
  EXPECT_GT(most, 0u);
  EXPECT_THAT(read_all(ByteSpan(bytes).first(40)).error, HasSubstr("ends within its header"));
  EXPECT_THAT(read_all({}).error, HasSubstr("not a trace"));
}

TEST_F(TraceFile, WithoutItsEndIsReadAsFarAsItWasWritten) {
  const std::vector<TraceEvent> events = sample_stream(60'000);
  {
    auto writer = TraceWriter::create(path(), some_header());
    ASSERT_TRUE(writer);
    for (const TraceEvent& event : events) writer->add(event);
  }
  const Read read = read_all(*read_bytes(path()));
  EXPECT_TRUE(read.cut_short);
  EXPECT_EQ(read.error, "");
  EXPECT_GT(read.events.size(), 10'000u);
  EXPECT_TRUE(is_beginning_of(read.events, events));
}

TEST_F(TraceFile, AFullDiskIsSaidAtTheEnd) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 100'000, .rlim_max = before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  auto writer = TraceWriter::create(path(), some_header());
  ASSERT_TRUE(writer);
  const std::vector<TraceEvent> events = sample_stream(200'000);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  for (const TraceEvent& event : events) writer->add(event);
  const Status finished = writer->finish();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(finished);
  EXPECT_THAT(finished.error().message(), HasSubstr("not whole"));
  EXPECT_THAT(finished.error().message(), HasSubstr("EFBIG"));
  const Read read = read_all(*read_bytes(path()));
  EXPECT_TRUE(read.cut_short);
  EXPECT_TRUE(is_beginning_of(read.events, events));
  EXPECT_FALSE(TraceWriter::create("/no/such/directory/trace.bin", some_header()));
}

TEST_F(TraceFile, AnEventOfNoKindIsADefectThatIsSaid) {
  auto writer = TraceWriter::create(path(), some_header());
  ASSERT_TRUE(writer);
  writer->add({.kind = TraceKind{999}});
  const Status finished = writer->finish();
  ASSERT_FALSE(finished);
  EXPECT_THAT(finished.error().message(), HasSubstr("kind 999"));
}

// As another version of this program has written it.
TEST_F(TraceFile, KindsAndFieldsAreKnownByTheirNames) {
  TraceHeader header = some_header();
  for (StoredKind& kind : header.kinds) {
    if (kind.number == TraceKind::kTick) kind.name = "tick_of_tomorrow";
    if (kind.number == TraceKind::kMigrate)
      kind.fields = {{.name = "to"}, {.name = "why"}, {.name = "pid", .is_signed = true}};
    if (kind.number == TraceKind::kRename) kind.fields[1].words = 1;
  }
  TraceEvent migrate{.time_ns = 6, .kind = TraceKind::kMigrate, .cpu = 1, .count = 3, .values = {3, 44, 12}};
  TraceEvent rename{.time_ns = 7, .kind = TraceKind::kRename, .cpu = 1, .count = 2, .values = {12, 0x61}};
  const Read read = read_all(written({make_event(5, 0, trace::Tick{}), migrate, rename}, header));
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.passed_over, 1u);
  ASSERT_EQ(read.events.size(), 2u);
  const auto moved = event_as<trace::Migrate>(read.events[0]);
  EXPECT_EQ(moved.pid, 12);
  EXPECT_EQ(moved.to, 3u);
  EXPECT_EQ(moved.from, 0u);
  EXPECT_EQ(read.events[0].unreadable, 2u) << "the file has no `from`";
  EXPECT_EQ(event_as<trace::Rename>(read.events[1]).comm.str(), "a");
  EXPECT_EQ(read.events[1].unreadable, 4u);
}

TEST_F(TraceFile, AnyChangedByteIsFound) {
  const std::vector<TraceEvent> events = sample_stream(3'000);
  const ByteVector bytes = written(events);
  for (std::size_t at = 0; at < bytes.size(); at += at < 2'000 ? 1 : 13) {
    ByteVector changed = bytes;
    changed[at] ^= std::byte{0x10};
    const Read read = read_all(changed);
    EXPECT_TRUE(!read.error.empty() || read.cut_short) << at;
    EXPECT_TRUE(is_beginning_of(read.events, events)) << at;
  }
}

TEST_F(TraceFile, AChangeBehindARightHashDoesNoHarm) {
  const ByteVector bytes = written(sample_stream(500));
  for (std::size_t at = 0; at < bytes.size(); at += at < 2'000 ? 3 : 37)
    for (const int value : {0x00, 0x7f, 0xff}) {
      ByteVector changed = bytes;
      changed[at] = static_cast<std::byte>(value);
      EXPECT_LT(read_all(resealed_trace(std::move(changed))).events.size(), 1'000'000u) << at;
    }
}

void set_word(ByteVector& bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}
std::uint32_t word(const ByteVector& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

TEST_F(TraceFile, LengthsThatLieAreFound) {
  const ByteVector bytes = written(sample_stream(3'000));
  const std::size_t block = kHeaderStart + word(bytes, 12);
  struct Lie {
    std::size_t at;
    std::uint32_t value;
    const char* words;
  };
  for (const Lie& lie : {Lie{8, 2, "version 2"}, Lie{12, UINT32_MAX, "impossible size"}, Lie{12, 5, "header"},
                         Lie{block, 7, "impossible size"}, Lie{block + 8, UINT32_MAX, "impossible size"},
                         Lie{block + 8, word(bytes, block + 8) - 1, "cannot be unpacked"},
                         Lie{block + 8, word(bytes, block + 8) + 1, "cannot be unpacked"},
                         Lie{block + 12, word(bytes, block + 12) - 1, "more or fewer events"},
                         Lie{block + 12, word(bytes, block + 12) + 1, "cannot be understood"},
                         Lie{block + 12, UINT32_MAX, "cannot be understood"}}) {
    ByteVector changed = bytes;
    set_word(changed, lie.at, lie.value);
    EXPECT_THAT(read_all(resealed_trace(std::move(changed))).error, HasSubstr(lie.words)) << lie.at << ' ' << lie.value;
  }
  ByteVector longer = bytes;
  set_word(longer, block + 4, 1U << 30);
  EXPECT_THAT(read_all(longer).error, HasSubstr("impossible size"));
  ByteVector more = bytes;
  more.resize(more.size() + 30);
  EXPECT_THAT(read_all(more).error, HasSubstr("behind its end"));
  ByteVector fewer = bytes;  // the block is left out
  fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(block), fewer.end() - 40);
  EXPECT_THAT(read_all(fewer).error, HasSubstr("more or fewer events"));
}

// 64 MiB of zeros that say they are a block.
TEST_F(TraceFile, ABlockThatGrowsWithoutLimitIsRefused) {
  ByteVector bytes = written({});
  bytes.resize(bytes.size() - kBlockStart - 16);
  const std::string zeros(std::size_t{64} << 20, '\0');
  ByteVector packed(ZSTD_compressBound(zeros.size()));
  packed.resize(ZSTD_compress(packed.data(), packed.size(), zeros.data(), zeros.size(), 1));
  for (const std::uint32_t claimed : {std::uint32_t{1} << 18, std::uint32_t{64} << 20}) {
    ByteWriter block;
    block.raw(bytes);
    for (const std::uint32_t value : {0x53545645U, static_cast<std::uint32_t>(packed.size()), claimed, 1U, 0U, 0U})
      block.u32(value);
    block.raw(packed);
    const Read read = read_all(resealed_trace(block.take()));
    EXPECT_THAT(read.error, HasSubstr(claimed > 1 << 19 ? "impossible size" : "cannot be unpacked"));
    EXPECT_TRUE(read.events.empty());
  }
}

}  // namespace
}  // namespace ktstr
