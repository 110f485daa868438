// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "base/sha256_blocks.h"

namespace ktstr {

Sha256& Sha256::update(ByteSpan bytes) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t size = bytes.size();
  if (size >= kSha256BlockBytes && has_sha256_instructions()) {
    // libmd keeps less than a block; what lies between that and the rest goes past it.
    const std::size_t kept = (context_.bitcount[0] / 8) % kSha256BlockBytes;
    const std::size_t first = kept == 0 ? 0 : kSha256BlockBytes - kept;
    const std::size_t blocks = (size - first) / kSha256BlockBytes;
    SHA256Update(&context_, data, first);
    sha256_blocks(context_.state.st32, data + first, blocks);
    context_.bitcount[0] += std::uint64_t{blocks} * kSha256BlockBytes * 8;
    data += first + blocks * kSha256BlockBytes;
    size -= first + blocks * kSha256BlockBytes;
  }
  SHA256Update(&context_, data, size);
  return *this;
}

std::string Sha256::finish() {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256Final(digest.data(), &context_);
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256(ByteSpan bytes) { return Sha256().update(bytes).finish(); }

Result<std::string> sha256_file(const fs::path& path) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDONLY));
  Sha256 hash;
  ByteVector buffer(1 << 18);
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read {}", path.string());
    if (got == 0) return hash.finish();
    hash.update(ByteSpan(buffer).first(static_cast<std::size_t>(got)));
  }
}

}  // namespace ktstr
