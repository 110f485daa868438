// SPDX-License-Identifier: Apache-2.0
#include "kernel/btf.h"
#include "kernel/testing/synthetic_image.h"
#include "mutated.h"

using namespace ktstr;

namespace {

ByteVector some_btf() {
  synthetic::BtfWriter writer;
  const BtfTypeId number = writer.integer("int", 4);
  const BtfTypeId pointer = writer.plain(BtfKind::kPtr, "", number);
  const BtfTypeId array = writer.array(pointer, 5);
  const BtfTypeId inner = writer.structure("", 48, {{"dsq", array, 0}, {"flags", number, 64, 3}});
  const BtfTypeId either = writer.structure("", 48, {{"", inner, 0}, {"raw", pointer, 0}}, BtfKind::kUnion);
  const BtfTypeId alias = writer.plain(BtfKind::kTypedef, "scx_t", either);
  writer.structure("task_struct", 80, {{"pid", number, 0}, {"scx", alias, 64}, {"", either, 448}});
  writer.enumeration("states", {{"STATE_ON", 1}});
  writer.enumeration64("dsqs", {{"DSQ_GLOBAL", 1}});
  return writer.build();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases{some_btf()};
  const auto btf = Btf::parse(fuzz::mutated(bases, data, size));
  if (!btf) return 0;
  std::uint64_t seen = 0;
  for (BtfTypeId type = 0; type <= btf->type_count() + 1; ++type) {
    seen += btf->size_of(type) + btf->strip(type) + btf->target(type) + btf->array_length(type);
    if (const auto found = btf->struct_of(type))
      for (const BtfMember& member : found->members) seen += member.name.size() + member.offset_bits;
  }
  for (const char* path : {"pid", "scx.dsq", "scx.raw.x", "flags", "nothing"})
    if (const auto offset = btf->member_offset_bits("task_struct", path)) seen += *offset;
  if (const auto value = btf->enumerator("DSQ_GLOBAL")) seen += static_cast<std::uint64_t>(*value);
  return seen == UINT64_MAX ? -1 : 0;
}
