// SPDX-License-Identifier: Apache-2.0
#include "wire/mailbox.h"

#include <zlib.h>

#include <algorithm>
#include <bit>

namespace ktstr {

namespace {

constexpr EnumName<Phase> kPhases[] = {{Phase::kBoot, "boot"},         {Phase::kAttach, "attach"},
                                       {Phase::kDispatch, "dispatch"}, {Phase::kBody, "body"},
                                       {Phase::kTeardown, "teardown"}, {Phase::kDone, "done"}};
static_assert(std::size(kPhases) == kPhaseCount);

}  // namespace

EnumNames<Phase> names_of(Phase) { return names_from<kPhases>(); }

namespace mailbox {

namespace {

std::uint32_t crc_of(ByteSpan bytes) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

Bytes size_for_delivery(Bytes delivery) {
  return std::max<Bytes>(Bytes{32} << 20, std::bit_ceil(kDeliveryOffset + delivery));
}

std::string command_line(Bytes size) {
  return fmt::format("memmap={}M${:#x} ktstr.mailbox={:#x},{:#x}", size >> 20, kGuestAddress, kGuestAddress, size);
}

void View::put_header() const {
  Layout& box = layout();
  store(box.header.magic, kMagic);
  store(box.header.version, kVersion);
  store(box.header.size, size());
}

Status View::put_delivery(DeliveryKind kind, ByteSpan archive, ByteSpan rest) const {
  const Bytes length = archive.size() + rest.size();
  if (length > delivery_area().size())
    return fail(ErrorCode::kNoSpace, "the delivery of {} does not fit into a mailbox of {}", format_bytes(length),
                format_bytes(size()));
  const auto end_of_archive = std::copy(archive.begin(), archive.end(), delivery_area().begin());
  std::copy(rest.begin(), rest.end(), end_of_archive);
  Layout& box = layout();
  store(box.host.delivery_size, length);
  store(box.host.delivery_crc, crc_of(delivery_area().first(length)));
  store(box.host.delivery_kind, static_cast<std::uint32_t>(kind));
  store(box.host.deliveries, load(box.host.deliveries) + 1);
  return ok();
}

Status View::check_header() const {
  const Layout& box = layout();
  if (load(box.header.magic) != kMagic)
    return fail(ErrorCode::kProtocol, "no mailbox at the address that the kernel command line gives");
  if (load(box.header.version) != kVersion)
    return fail(ErrorCode::kProtocol, "the host speaks mailbox version {}, this agent {}", load(box.header.version),
                kVersion);
  if (load(box.header.size) != size())
    return fail(ErrorCode::kProtocol, "the mailbox is {} bytes long, the command line says {}", load(box.header.size),
                size());
  return ok();
}

Result<ByteSpan> View::take_delivery() const {
  const Bytes length = load(layout().host.delivery_size);
  if (length > delivery_area().size())
    return fail(ErrorCode::kProtocol, "a delivery of {} bytes in an area of {}", length, delivery_area().size());
  const ByteSpan archive = delivery_area().first(length);
  if (crc_of(archive) != load(layout().host.delivery_crc))
    return fail(ErrorCode::kCorruptData, "the delivery's checksum does not match");
  return archive;
}

}  // namespace mailbox
}  // namespace ktstr
