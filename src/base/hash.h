// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sha2.h>

#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace ktstr {

// SHA-256, incremental. One object hashes one stream.
class Sha256 {
 public:
  Sha256() { SHA256Init(&context_); }
  Sha256& update(ByteSpan bytes);
  // 64 lower-case hexadecimal digits; the object is used up.
  std::string finish();

 private:
  SHA2_CTX context_{};
};

std::string sha256(ByteSpan bytes);
Result<std::string> sha256_file(const fs::path& path);

}  // namespace ktstr
