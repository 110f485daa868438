// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "wire/cpio.h"

using namespace ktstr;

namespace {

ByteVector some_archive() {
  NewcWriter writer;
  const std::string text = "contents";
  const ByteSpan contents{reinterpret_cast<const std::byte*>(text.data()), text.size()};
  bool added = writer.add_directory("ktstr").has_value();
  added = writer.add_file("ktstr/agent", 0755, contents).has_value() && added;
  added = writer.add_symlink("init", "ktstr/agent").has_value() && added;
  if (!added) __builtin_trap();
  return writer.finish();
}

}  // namespace

// An archive that is read: entries lie inside of it, and no path leads out of the directory that it is unpacked into.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases{some_archive()};
  const ByteVector bytes = fuzz::mutated(bases, data, size);
  if (const auto entries = read_newc(bytes)) {
    for (const NewcEntry& entry : *entries) {
      if (entry.path.starts_with('/') || entry.path.find("../") != std::string::npos) __builtin_trap();
      if (!entry.contents.empty() && (entry.contents.data() < bytes.data() ||
                                      entry.contents.data() + entry.contents.size() > bytes.data() + bytes.size()))
        __builtin_trap();
    }
  }
  ignore_result(append_file(bytes, "ktstr/job.json", 0644, ByteSpan(bytes).first(0)), "either outcome is right");
  return 0;
}
