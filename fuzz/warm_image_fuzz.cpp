// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "engine/guest_memory.h"
#include "engine/warm/warm_image.h"
#include "mutated.h"

using namespace ktstr;

namespace {

const fs::path& directory() {
  static const fs::path made = [] {
    char name[] = "/tmp/ktstr-fuzz.XXXXXX";
    if (::mkdtemp(name) == nullptr) __builtin_trap();
    std::atexit([] { fs::remove_all(directory()); });
    return fs::path(name);
  }();
  return made;
}

// One node of 64 KiB with two extents, as WarmImage::save() describes it.
std::string some_body() {
  return R"({"format":2,"kernel":"7","topology":"1n1l1c1t","mode":"det","kernel_sha256":"00","initramfs_sha256":"00",)"
         R"("qemu_version":"10","machine":"m","scheduler_sha256":"","scheduler":"","guest_ns":1,"boot_seconds":1.5,)"
         R"("built_at":1,"console":"","state":{"size":4,"hash":"0123456789abcdef"},"ram":[{"size":65536,"extents":)"
         R"([[0,4096,"0123456789abcdef"],[8192,4096,"0123456789abcdef"]]}]})";
}

}  // namespace

// The description of an image, with a checksum that is right, so that what it says is looked at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> bases{some_body()};
  const std::string body = fuzz::mutated_text(bases, data, size);
  // The checksum is of the text as it would be written again.
  const auto parsed = nlohmann::ordered_json::parse(body, nullptr, false);
  const std::string canonical = parsed.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  const std::string text = "{\"body\":" + body + ",\"sha256\":\"" + sha256(as_byte_span(canonical)) + "\"}";
  if (!write_text(directory() / "image.json", text) || !write_text(directory() / "state", "abcd") ||
      !write_text(directory() / "ram0", std::string(65536, '\0')))
    return -1;
  const auto image = WarmImage::open(directory());
  return image && image->bytes() == 1 ? -1 : 0;
}
