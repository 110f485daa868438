// SPDX-License-Identifier: Apache-2.0
#include "trace/trace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <xxhash.h>
#include <zstd.h>

#include <set>

namespace ktstr {

namespace {

using namespace literals;

constexpr std::string_view kMagic = "KTSTRTRC";
constexpr std::uint32_t kEvents = 0x53545645, kLast = 0x5453414c;  // "EVTS", "LAST"
constexpr std::size_t kStartBytes = 16, kBlockStartBytes = 16, kHashBytes = 8;
constexpr std::size_t kBlockBytes = 256_KiB;  // unpacked; the last event of a block may go beyond
constexpr std::size_t kMostBlockBytes = kBlockBytes + kLongestStoredEvent;
constexpr std::size_t kMostHeaderBytes = 1_MiB;
constexpr std::size_t kEndBytes = 16;
constexpr int kLevel = 1;  // a guest waits for it

constexpr std::uint8_t kIsText = 1, kIsSigned = 2, kFollowsTime = 4;

std::uint64_t hash_of(ByteSpan start, ByteSpan contents) {
  return XXH3_64bits_withSeed(contents.data(), contents.size(), XXH3_64bits(start.data(), start.size()));
}

// `start` with the hash behind it, then the contents.
ByteVector hashed(ByteWriter start, ByteSpan contents) {
  start.u64(hash_of(start.bytes(), contents));
  start.raw(contents);
  return start.take();
}

ByteVector header_bytes(const TraceHeader& header) {
  ByteWriter out;
  out.text(header.kernel);
  out.u32(header.cpus);
  out.text(header.source);
  out.u32(static_cast<std::uint32_t>(header.kinds.size()));
  for (const StoredKind& kind : header.kinds) {
    out.u16(static_cast<std::uint16_t>(kind.number));
    out.text(kind.name);
    out.u32(static_cast<std::uint32_t>(kind.fields.size()));
    for (const StoredField& field : kind.fields) {
      out.text(field.name);
      out.u8(field.words);
      out.u8(static_cast<std::uint8_t>((field.is_text ? kIsText : 0) | (field.is_signed ? kIsSigned : 0) |
                                       (field.follows_time ? kFollowsTime : 0)));
    }
  }
  out.u32(static_cast<std::uint32_t>(header.missing.size()));
  for (const TraceGap& gap : header.missing) {
    out.text(gap.kind);
    out.text(gap.field);
    out.text(gap.why);
  }
  return out.take();
}

Error damaged(std::string_view why) { return fail(ErrorCode::kCorruptData, "the trace is damaged: {}", why); }

Result<TraceHeader> read_header(ByteSpan bytes) {
  ByteReader in(bytes);
  TraceHeader header;
  header.kinds.clear();
  header.kernel = in.text();
  header.cpus = in.u32();
  header.source = in.text();
  for (std::uint32_t kinds = in.count(10); kinds > 0; --kinds) {
    StoredKind kind;
    kind.number = TraceKind{in.u16()};
    kind.name = in.text();
    for (std::uint32_t fields = in.count(6); fields > 0; --fields) {
      StoredField field{.name = in.text(), .words = in.u8()};
      const std::uint8_t flags = in.u8();
      field.is_text = (flags & kIsText) != 0;
      field.is_signed = (flags & kIsSigned) != 0;
      field.follows_time = (flags & kFollowsTime) != 0;
      kind.fields.push_back(std::move(field));
    }
    if (kind.values() > kMostTraceValues) return damaged("a kind of events has too many values");
    header.kinds.push_back(std::move(kind));
  }
  for (std::uint32_t gaps = in.count(12); gaps > 0; --gaps) {
    TraceGap gap;
    gap.kind = in.text();
    gap.field = in.text();
    gap.why = in.text();
    header.missing.push_back(std::move(gap));
  }
  KTSTR_TRY(in.finish("the trace's header"));
  if (header.kinds.size() > kMostStoredKinds) return damaged("it has too many kinds of events");
  return header;
}

// That a reader takes it.
Status check_header(const TraceHeader& header, std::size_t bytes) {
  std::set<TraceKind> numbers;
  bool sound = bytes <= kMostHeaderBytes && header.kinds.size() <= kMostStoredKinds;
  for (const StoredKind& kind : header.kinds)
    sound = sound && kind.values() <= kMostTraceValues && numbers.insert(kind.number).second;
  return sound ? ok() : Status(fail(ErrorCode::kInternal, "a trace cannot have such a header"));
}

}  // namespace

struct TraceWriter::State {
  explicit State(Fd file, fs::path where, const std::vector<StoredKind>& kinds, Bytes limit)
      : fd(std::move(file)), path(std::move(where)), encoder(kinds), most(limit) {}

  void write(ByteSpan bytes) {
    if (!written) return;
    written = write_all(fd.get(), bytes).context(path.string());
    size += bytes.size();
  }

  void flush() {
    if (used == 0 || !written) return;
    const std::size_t packed = ZSTD_compressCCtx(zstd.get(), room.data(), room.size(), block.data(), used, kLevel);
    if (ZSTD_isError(packed) != 0U) {
      written = fail(ErrorCode::kInternal, "zstd cannot compress: {}", ZSTD_getErrorName(packed));
      return;
    }
    constexpr std::size_t kFrame = kBlockStartBytes + kHashBytes;
    if (packed + kFrame + kFrame + kEndBytes > most - std::min<Bytes>(most, size)) full = true;
    if (full) {
      not_stored += in_block;
    } else {
      ByteWriter start;
      for (const std::size_t word : {std::size_t{kEvents}, packed, used, std::size_t{in_block}})
        start.u32(static_cast<std::uint32_t>(word));
      write(hashed(std::move(start), ByteSpan(room).first(packed)));
      stored += in_block;
    }
    encoder.begin_block();
    used = in_block = 0;
  }

  Fd fd;
  fs::path path;
  TraceEncoder encoder;
  Bytes most, size = 0;
  bool full = false;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  ByteVector block = ByteVector(kMostBlockBytes);
  ByteVector room = ByteVector(ZSTD_compressBound(kMostBlockBytes));
  std::size_t used = 0;        // of the block
  std::uint32_t in_block = 0;  // events
  std::uint64_t stored = 0, not_stored = 0;
  Status written = ok();
};

TraceWriter::TraceWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceWriter::TraceWriter(TraceWriter&&) noexcept = default;
TraceWriter& TraceWriter::operator=(TraceWriter&&) noexcept = default;
TraceWriter::~TraceWriter() = default;

Result<TraceWriter> TraceWriter::create(const fs::path& path, const TraceHeader& header, Bytes most) {
  const ByteVector contents = header_bytes(header);
  KTSTR_TRY(check_header(header, contents.size()));
  KTSTR_TRY_ASSIGN(Fd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  auto state = std::make_unique<State>(std::move(fd), path, header.kinds, most);
  if (!state->zstd) return fail(ErrorCode::kNoSpace, "cannot set up the zstd encoder");
  ByteWriter start;
  start.raw(as_byte_span(kMagic));
  start.u32(kTraceVersion);
  start.u32(static_cast<std::uint32_t>(contents.size()));
  state->write(hashed(std::move(start), contents));
  KTSTR_TRY(state->written);
  return TraceWriter(std::move(state));
}

void TraceWriter::add(const TraceEvent& event) {
  State& state = *state_;
  if (!state.written) return;
  if (state.full) {
    ++state.not_stored;
    return;
  }
  const std::size_t bytes = state.encoder.encode(event, state.block.data() + state.used);
  if (bytes == 0) {
    state.written = fail(ErrorCode::kInternal, "the trace's header does not have an event's kind {}",
                         static_cast<unsigned>(event.kind));
    return;
  }
  state.used += bytes;
  ++state.in_block;
  if (state.used >= kBlockBytes) state.flush();
}

Status TraceWriter::finish() {
  State& state = *state_;
  state.flush();
  ByteWriter start, contents;
  for (const std::uint32_t word : {kLast, std::uint32_t{kEndBytes}, std::uint32_t{kEndBytes}, 0U}) start.u32(word);
  contents.u64(state.stored);
  contents.u64(state.not_stored);
  state.write(hashed(std::move(start), contents.bytes()));
  return state.written ? ok() : Status(Error(state.written.error()).context("the trace of this run is not whole"));
}

std::uint64_t TraceWriter::stored() const { return state_->stored + state_->in_block; }
std::uint64_t TraceWriter::not_stored() const { return state_->not_stored; }

struct TraceReader::State {
  State(Mapping mapped, TraceHeader of, ByteSpan blocks)
      : file(std::move(mapped)), header(std::move(of)), decoder(header.kinds), left(blocks) {}

  // False: that was all.
  Result<bool> next_block() {
    if (left_in_block != 0 || !decoder.at_end()) return damaged("a block has more or fewer events than it says");
    if (done) return false;
    if (left.size() < kBlockStartBytes + kHashBytes) return no_end();
    ByteReader in(left.first(kBlockStartBytes + kHashBytes));
    const std::uint32_t what = in.u32(), packed = in.u32(), bytes = in.u32(), events = in.u32();
    const std::uint64_t hash = in.u64();
    const ByteSpan start = left.first(kBlockStartBytes);
    const bool is_end = what == kLast && packed == kEndBytes;
    if (!is_end && (what != kEvents || bytes > kMostBlockBytes || packed > ZSTD_compressBound(kMostBlockBytes)))
      return damaged("a block has an impossible size");
    const ByteSpan behind = left.subspan(kBlockStartBytes + kHashBytes);
    if (behind.size() < packed) return no_end();
    const ByteSpan contents = behind.first(packed);
    if (hash_of(start, contents) != hash) return damaged("a block does not have the hash that it is stored with");
    left = behind.subspan(packed);
    if (is_end) return end(contents);
    const std::size_t got = ZSTD_decompressDCtx(zstd.get(), block.data(), bytes, contents.data(), contents.size());
    if (ZSTD_isError(got) != 0U || got != bytes) return damaged("a block cannot be unpacked");
    decoder.begin_block(ByteSpan(block).first(bytes));
    left_in_block = events;
    return true;
  }

  bool no_end() {
    done = cut_short = true;
    return false;
  }

  Result<bool> end(ByteSpan contents) {
    done = true;
    ByteReader in(contents);
    const std::uint64_t stored = in.u64();
    not_stored = in.u64();
    if (stored != read) return damaged("it has more or fewer events than it says");
    if (!left.empty()) return damaged("something stands behind its end");
    return false;
  }

  Mapping file;
  TraceHeader header;
  TraceDecoder decoder;
  ByteSpan left;  // of the file
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> zstd{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  ByteVector block = ByteVector(kMostBlockBytes);
  std::uint32_t left_in_block = 0;  // events
  std::uint64_t read = 0, not_stored = 0, passed_over = 0;
  bool done = false, cut_short = false;
};

TraceReader::TraceReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceReader::TraceReader(TraceReader&&) noexcept = default;
TraceReader& TraceReader::operator=(TraceReader&&) noexcept = default;
TraceReader::~TraceReader() = default;

Result<TraceReader> TraceReader::open(const fs::path& path) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDONLY));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot stat {}", path.string());
  Mapping file;
  if (info.st_size > 0) {  // nothing cannot be mapped
    KTSTR_TRY_ASSIGN(file, Mapping::map(fd, 0, static_cast<Bytes>(info.st_size), false).context(path.string()));
  }
  const ByteSpan bytes = file.bytes();
  return over(bytes, std::move(file)).context(path.string());
}

Result<TraceReader> TraceReader::over(ByteSpan bytes) { return over(bytes, Mapping()); }

Result<TraceReader> TraceReader::over(ByteSpan bytes, Mapping file) {
  ByteReader in(bytes);
  if (as_text(in.raw(kMagic.size())) != kMagic) return fail(ErrorCode::kCorruptData, "this is not a trace of ktstr's");
  const std::uint32_t version = in.u32(), length = in.u32();
  const std::uint64_t hash = in.u64();
  if (!in.failed() && version != kTraceVersion)
    return fail(ErrorCode::kUnsupported, "the trace has version {}; this program reads version {}", version,
                kTraceVersion)
        .with_hint("read it with the ktstr that recorded it");
  if (length > kMostHeaderBytes) return damaged("its header has an impossible size");
  const ByteSpan contents = in.raw(length);
  if (in.failed()) return damaged("it ends within its header");
  if (hash_of(bytes.first(kStartBytes), contents) != hash)
    return damaged("its header does not have the hash that it is stored with");
  KTSTR_TRY_ASSIGN(TraceHeader header, read_header(contents));
  const ByteSpan blocks = bytes.subspan(kStartBytes + kHashBytes + length);
  auto state = std::make_unique<State>(std::move(file), std::move(header), blocks);
  if (!state->zstd) return fail(ErrorCode::kNoSpace, "cannot set up the zstd decoder");
  return TraceReader(std::move(state));
}

const TraceHeader& TraceReader::header() const { return state_->header; }
bool TraceReader::cut_short() const { return state_->cut_short; }
std::uint64_t TraceReader::not_stored() const { return state_->not_stored; }
std::uint64_t TraceReader::passed_over() const { return state_->passed_over; }

Result<std::optional<TraceEvent>> TraceReader::next() {
  State& state = *state_;
  const auto failed = [&state](Error error) {  // nothing more comes of it
    state.done = true;
    state.left_in_block = 0;
    state.decoder.begin_block({});
    return error;
  };
  for (;;) {
    while (state.left_in_block > 0) {
      TraceEvent event;
      const TraceDecoder::Outcome outcome = state.decoder.next(event);
      if (outcome == TraceDecoder::Outcome::kDamaged) return failed(damaged("an event cannot be understood"));
      --state.left_in_block;
      ++state.read;
      if (outcome == TraceDecoder::Outcome::kEvent) return std::optional(event);
      ++state.passed_over;
    }
    auto more = state.next_block();
    if (!more) return failed(std::move(more).error());
    if (!*more) return std::optional<TraceEvent>();
  }
}

}  // namespace ktstr
