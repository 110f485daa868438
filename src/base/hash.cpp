// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <fcntl.h>

#include <array>

namespace ktstr {

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
