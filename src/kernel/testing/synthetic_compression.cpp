// SPDX-License-Identifier: Apache-2.0
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernel/testing/synthetic_image.h"

// A compressor that fails makes an empty result, which no test takes for a kernel.
namespace ktstr::synthetic {
namespace {

const std::uint8_t* u8(ByteSpan bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }
std::uint8_t* u8(ByteVector& bytes) { return reinterpret_cast<std::uint8_t*>(bytes.data()); }

void append_word(ByteVector& bytes, std::uint64_t value) {
  for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

}  // namespace

ByteVector zstd(ByteSpan bytes) {
  ByteVector out(ZSTD_compressBound(bytes.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

ByteVector xz(ByteSpan bytes) {
  ByteVector out(lzma_stream_buffer_bound(bytes.size()));
  std::size_t used = 0;
  const auto status =
      lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr, u8(bytes), bytes.size(), u8(out), &used, out.size());
  out.resize(status == LZMA_OK ? used : 0);
  return out;
}

ByteVector lzma_alone(ByteSpan bytes) {
  ByteVector out(lzma_stream_buffer_bound(bytes.size()) + 1024);
  lzma_options_lzma options{};
  lzma_lzma_preset(&options, 1);
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_alone_encoder(&stream, &options) != LZMA_OK) return {};
  stream.next_in = u8(bytes);
  stream.avail_in = bytes.size();
  stream.next_out = u8(out);
  stream.avail_out = out.size();
  const lzma_ret status = lzma_code(&stream, LZMA_FINISH);
  out.resize(status == LZMA_STREAM_END ? out.size() - stream.avail_out : 0);
  lzma_end(&stream);
  return out;
}

ByteVector gzip(ByteSpan bytes) {
  ByteVector out(compressBound(static_cast<uLong>(bytes.size())) + 64);
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  stream.next_in = const_cast<Bytef*>(u8(bytes));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = u8(out);
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(status == Z_STREAM_END ? out.size() - stream.avail_out : 0);
  deflateEnd(&stream);
  return out;
}

ByteVector lz4_legacy(ByteSpan bytes) {
  ByteVector out;
  append_word(out, 0x184c2102);
  constexpr std::size_t kBlock = 8 << 20;
  while (!bytes.empty()) {
    const ByteSpan block = bytes.first(std::min(bytes.size(), kBlock));
    bytes = bytes.subspan(block.size());
    ByteVector packed(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(block.size()))));
    const int size =
        LZ4_compress_default(reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(packed.data()),
                             static_cast<int>(block.size()), static_cast<int>(packed.size()));
    packed.resize(static_cast<std::size_t>(std::max(size, 0)));
    append_word(out, packed.size());
    out.insert(out.end(), packed.begin(), packed.end());
  }
  return out;
}

// Documentation/arch/x86/boot.rst. As kbuild does, the unpacked size follows the payload and counts as a part of it.
ByteVector bzimage(ByteSpan payload, bool declare_payload) {
  constexpr std::size_t kSetup = 2 * 512;
  constexpr std::size_t kDecompressor = 300;
  ByteVector image(kSetup + kDecompressor + payload.size());
  std::copy(payload.begin(), payload.end(), image.begin() + kSetup + kDecompressor);
  const auto put = [&](std::size_t at, std::uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) image[at + i] = static_cast<std::byte>(value >> (8 * i));
  };
  put(0x1f1, 1, 1);
  put(0x1fe, 0xaa55, 2);
  put(0x202, 0x53726448, 4);
  put(0x206, 0x020f, 2);
  put(0x248, declare_payload ? kDecompressor : 0, 4);
  put(0x24c, declare_payload ? payload.size() + 4 : 0, 4);
  append_word(image, 12345);
  image.resize(image.size() + 100);
  return image;
}

}  // namespace ktstr::synthetic
