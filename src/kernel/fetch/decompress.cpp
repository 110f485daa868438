// SPDX-License-Identifier: Apache-2.0
#include "kernel/fetch/decompress.h"

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>

#include "kernel/bounded_bytes.h"

namespace ktstr {
namespace {

using namespace literals;

struct Magic {
  Compression compression;
  std::string_view bytes;
};

using namespace std::string_view_literals;

constexpr std::array kMagics = {
    Magic{Compression::kZstd, "\x28\xb5\x2f\xfd"sv},
    Magic{Compression::kXz,
          "\xfd"
          "7zXZ\0"sv},
    Magic{Compression::kGzip, "\x1f\x8b\x08"sv},
    Magic{Compression::kLz4Legacy, "\x02\x21\x4c\x18"sv},
    Magic{Compression::kLzma, "\x5d\x00\x00"sv},
    Magic{Compression::kBzip2, "BZh"sv},
    Magic{Compression::kLzo,
          "\x89"
          "LZO\0\r\n"sv},
};

Error damaged(Compression compression, std::string_view why) {
  return fail(ErrorCode::kCorruptData, "the {} stream is damaged: {}", to_string(compression), why);
}

// The result grows by doubling up to a limit. Decoders write into free(), then say how much they wrote.
class Output {
 public:
  explicit Output(Bytes limit) : limit_(limit) {}

  // At least one free byte, or kNoSpace.
  Result<MutableByteSpan> free() {
    if (used_ == bytes_.size()) {
      if (used_ >= limit_)
        return fail(ErrorCode::kNoSpace, "the unpacked image has more than {}", format_bytes(limit_));
      bytes_.resize(std::min<Bytes>(limit_, std::max<Bytes>(4_MiB, bytes_.size() * 2)));
    }
    return MutableByteSpan(bytes_).subspan(used_);
  }
  void wrote(std::size_t count) { used_ += count; }
  ByteVector take() {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

 private:
  Bytes limit_;
  ByteVector bytes_;
  std::size_t used_ = 0;
};

Result<ByteVector> decompress_zstd(ByteSpan bytes, Bytes limit) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), &ZSTD_freeDStream);
  if (!stream) return fail(ErrorCode::kNoSpace, "cannot set up the zstd decoder");
  // kbuild compresses with --ultra -22, whose window is 128 MiB; the decoder's own default limit is 2^27 as well.
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  Output output(limit);
  for (;;) {
    KTSTR_TRY_ASSIGN(const MutableByteSpan room, output.free());
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    const std::size_t left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left) != 0U) return damaged(Compression::kZstd, ZSTD_getErrorName(left));
    output.wrote(out.pos);
    if (left == 0) return output.take();
    if (in.pos == in.size && out.pos < out.size) return damaged(Compression::kZstd, "it is cut short");
  }
}

Result<ByteVector> decompress_gzip(ByteSpan bytes, Bytes limit) {
  z_stream stream{};
  constexpr int kGzipOnly = 16;  // zlib.h, inflateInit2()
  if (inflateInit2(&stream, kGzipOnly + MAX_WBITS) != Z_OK)
    return fail(ErrorCode::kNoSpace, "cannot set up the gzip decoder");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, &inflateEnd);
  Output output(limit);
  while (true) {
    if (stream.avail_in == 0) {
      const std::size_t chunk = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
      if (chunk == 0) return damaged(Compression::kGzip, "it is cut short");
      // zlib's input pointer is not const, but inflate() does not write through it.
      stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
      stream.avail_in = static_cast<uInt>(chunk);
      bytes = bytes.subspan(chunk);
    }
    KTSTR_TRY_ASSIGN(const MutableByteSpan room, output.free());
    const uInt space = static_cast<uInt>(std::min<std::size_t>(room.size(), std::numeric_limits<uInt>::max()));
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = space;
    const int status = inflate(&stream, Z_NO_FLUSH);
    output.wrote(space - stream.avail_out);
    if (status == Z_STREAM_END) return output.take();
    if (status != Z_OK && status != Z_BUF_ERROR)
      return damaged(Compression::kGzip, stream.msg != nullptr ? stream.msg : "bad data");
  }
}

// xz and the older .lzma ("alone") container share a decoder interface.
Result<ByteVector> decompress_lzma(Compression kind, ByteSpan bytes, Bytes limit) {
  lzma_stream stream = LZMA_STREAM_INIT;
  const std::uint64_t memory_limit = 1_GiB;
  const lzma_ret ready = kind == Compression::kXz ? lzma_stream_decoder(&stream, memory_limit, 0)
                                                  : lzma_alone_decoder(&stream, memory_limit);
  if (ready != LZMA_OK) return fail(ErrorCode::kNoSpace, "cannot set up the {} decoder", to_string(kind));
  const std::unique_ptr<lzma_stream, decltype(&lzma_end)> guard(&stream, &lzma_end);
  stream.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  stream.avail_in = bytes.size();
  Output output(limit);
  for (;;) {
    KTSTR_TRY_ASSIGN(const MutableByteSpan room, output.free());
    stream.next_out = reinterpret_cast<std::uint8_t*>(room.data());
    stream.avail_out = room.size();
    const lzma_ret status = lzma_code(&stream, LZMA_RUN);
    output.wrote(room.size() - stream.avail_out);
    if (status == LZMA_STREAM_END) return output.take();
    if (status == LZMA_BUF_ERROR || (status == LZMA_OK && stream.avail_in == 0 && stream.avail_out != 0))
      return damaged(kind, "it is cut short");
    if (status == LZMA_MEMLIMIT_ERROR) return fail(ErrorCode::kNoSpace, "unpacking needs more than 1 GiB of memory");
    if (status != LZMA_OK) return damaged(kind, "bad data");
  }
}

// `lz4 -l`: the magic, then blocks of a u32 length and that many bytes, each at most 8 MiB unpacked. There is no end
// mark: the kernel's own unpacker (lib/decompress_unlz4.c) stops where the input ends, or at another magic.
Result<ByteVector> decompress_lz4_legacy(ByteSpan bytes, Bytes limit) {
  constexpr std::size_t kBlock = 8_MiB;
  ByteVector block(kBlock);
  Output output(limit);
  std::uint64_t position = 4;
  for (;;) {
    const auto length = load<std::uint32_t>(bytes, position);
    if (!length || *length == 0) break;
    const auto packed = slice(bytes, position + 4, *length);
    if (!packed || packed->size() > static_cast<std::size_t>(LZ4_COMPRESSBOUND(kBlock))) break;  // the appended size
    const int got =
        LZ4_decompress_safe(reinterpret_cast<const char*>(packed->data()), reinterpret_cast<char*>(block.data()),
                            static_cast<int>(packed->size()), static_cast<int>(kBlock));
    if (got < 0) return damaged(Compression::kLz4Legacy, "bad data");
    ByteSpan unpacked = ByteSpan(block).first(static_cast<std::size_t>(got));
    while (!unpacked.empty()) {
      KTSTR_TRY_ASSIGN(const MutableByteSpan room, output.free());
      const std::size_t part = std::min(room.size(), unpacked.size());
      std::memcpy(room.data(), unpacked.data(), part);
      output.wrote(part);
      unpacked = unpacked.subspan(part);
    }
    position += 4 + std::uint64_t{*length};
    if (static_cast<std::size_t>(got) < kBlock) break;  // only the last block is short
  }
  ByteVector result = output.take();
  if (result.empty()) return damaged(Compression::kLz4Legacy, "it is cut short");
  return result;
}

}  // namespace

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::kZstd:
      return "zstd";
    case Compression::kXz:
      return "xz";
    case Compression::kGzip:
      return "gzip";
    case Compression::kLz4Legacy:
      return "lz4";
    case Compression::kLzma:
      return "lzma";
    case Compression::kBzip2:
      return "bzip2";
    case Compression::kLzo:
      return "lzo";
  }
  return "?";
}

std::optional<Compression> detect_compression(ByteSpan bytes) {
  for (const Magic& magic : kMagics)
    if (as_text(bytes).starts_with(magic.bytes)) return magic.compression;
  return std::nullopt;
}

Result<ByteVector> decompress(Compression compression, ByteSpan bytes, Bytes limit) {
  switch (compression) {
    case Compression::kZstd:
      return decompress_zstd(bytes, limit);
    case Compression::kGzip:
      return decompress_gzip(bytes, limit);
    case Compression::kXz:
    case Compression::kLzma:
      return decompress_lzma(compression, bytes, limit);
    case Compression::kLz4Legacy:
      return decompress_lz4_legacy(bytes, limit);
    case Compression::kBzip2:
    case Compression::kLzo:
      break;
  }
  return fail(ErrorCode::kUnsupported, "{} compression is not supported", to_string(compression))
      .with_hint("give the unpacked vmlinux, or build the kernel with CONFIG_KERNEL_ZSTD=y");
}

}  // namespace ktstr
