// SPDX-License-Identifier: Apache-2.0
#include "guest/mailbox_mapping.h"

#include <fcntl.h>
#include <sys/io.h>
#include <sys/mman.h>

#include <algorithm>
#include <charconv>

namespace ktstr::guest {

namespace {

struct Range {
  Bytes address = 0, size = 0;
};

Result<Range> parse_range(std::string_view command_line) {
  constexpr std::string_view kKey = "ktstr.mailbox=0x";
  const std::size_t at = command_line.find(kKey);
  if (at == std::string_view::npos) return fail(ErrorCode::kProtocol, "the kernel command line names no ktstr.mailbox");
  Range range;
  const char* end = command_line.data() + command_line.size();
  auto parsed = std::from_chars(command_line.data() + at + kKey.size(), end, range.address, 16);
  if (parsed.ec != std::errc() ||
      !std::string_view(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr)).starts_with(",0x"))
    return fail(ErrorCode::kProtocol, "ktstr.mailbox is malformed: {}", command_line.substr(at));
  parsed = std::from_chars(parsed.ptr + 3, end, range.size, 16);
  if (parsed.ec != std::errc() || range.size < mailbox::kDeliveryOffset || range.size > (Bytes{4} << 30))
    return fail(ErrorCode::kProtocol, "ktstr.mailbox has an impossible size: {}", command_line.substr(at));
  return range;
}

}  // namespace

Result<Mapping> map_mailbox(std::string_view kernel_command_line) {
  KTSTR_TRY_ASSIGN(const Range range, parse_range(kernel_command_line));
  KTSTR_TRY_ASSIGN(const Fd memory, open_file("/dev/mem", O_RDWR));
  KTSTR_TRY_ASSIGN(Mapping mapping, Mapping::map(memory, range.address, range.size, true));
  KTSTR_TRY(mailbox::View(mapping.bytes()).check_header());
  // The page tables of device memory are copied by fork(2) and undone at each exit, entry by entry: for a mailbox of
  // 32 MB most of what a worker costs. Nobody but us may write here anyway.
  if (::madvise(mapping.data(), mapping.size(), MADV_DONTFORK) != 0)
    return fail_errno("cannot keep the mailbox out of child processes");
  return mapping;
}

Result<LiveArea> LiveArea::map(std::string_view kernel_command_line) {
  KTSTR_TRY_ASSIGN(const Range range, parse_range(kernel_command_line));
  LiveArea area;
  area.address_ = range.address + mailbox::kLiveOffset;
  void* const reserved =
      ::mmap(nullptr, mailbox::kLiveSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return fail_errno("cannot reserve addresses for the live area");
  area.data_ = static_cast<std::byte*>(reserved);
  KTSTR_TRY(area.make_room(1));
  return area;
}

LiveArea::LiveArea(LiveArea&& other) noexcept { *this = std::move(other); }

LiveArea& LiveArea::operator=(LiveArea&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(data_, other.data_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

LiveArea::~LiveArea() {
  if (data_ != nullptr) ::munmap(data_, mailbox::kLiveSize);
}

// Twice as much each time: a mapping of its own for each page would be as many as pages.
Result<std::size_t> LiveArea::make_room(std::size_t count) {
  constexpr Bytes kPage = 4096;
  Bytes wanted = std::max(mapped_, kPage);
  while (wanted < std::min(count * sizeof(LiveWorker), mailbox::kLiveSize)) wanted *= 2;
  if (wanted > mapped_) {
    KTSTR_TRY_ASSIGN(const Fd memory, open_file("/dev/mem", O_RDWR));
    if (::mmap(data_ + mapped_, wanted - mapped_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory.get(),
               static_cast<off_t>(address_ + mapped_)) == MAP_FAILED)
      return fail_errno("cannot map the live area for {} workers", count);
    mapped_ = wanted;
  }
  return mapped_ / sizeof(LiveWorker);
}

Status keep_only(const Mapping& mailbox, mailbox::Lane lane) {
  const MutableByteSpan kept = mailbox::View(mailbox.bytes()).lane(lane);
  std::byte* const end_of_mailbox = mailbox.data() + mailbox.size();
  // Reserved as before, so that nothing else comes to be there and is undone with the mailbox.
  const auto give_back = [](std::byte* from, std::byte* to) -> Status {
    if (from == to || ::mmap(from, static_cast<std::size_t>(to - from), PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
      return ok();
    return fail_errno("cannot give back a part of the mailbox");
  };
  KTSTR_TRY(give_back(mailbox.data() + mailbox::kLanesOffset, kept.data()));
  return give_back(kept.data() + kept.size(), end_of_mailbox);
}

void ring_doorbell(mailbox::View view, mailbox::BellReason reason, std::uint32_t argument) {
  auto& bell = view.layout().bell;
  mailbox::store(bell.reason, static_cast<std::uint32_t>(reason));
  mailbox::store(bell.argument, argument);
  const std::uint64_t rings = mailbox::load(bell.rings) + 1;
  mailbox::store(bell.rings, rings);
  if (::ioperm(mailbox::kBellPort, 1, 1) != 0) return;  // then records are lost, and the host sees the gap
  for (std::size_t i = 0; i < mailbox::kBellRingBytes; ++i) ::outb('r', mailbox::kBellPort);
}

RequestTransport to_host(mailbox::View view, mailbox::Lane lane) {
  return [view, lane](RequestKind kind, ByteSpan request) {
    return ask_through_slot(view, lane, kind, request, [view, lane] {
      ring_doorbell(view, mailbox::BellReason::kRequest, static_cast<std::uint32_t>(lane));
    });
  };
}

RecordLog::RecordLog(mailbox::View view, mailbox::Lane lane)
    : writer_(view, lane, [view](mailbox::BellReason reason, mailbox::Lane full) {
        ring_doorbell(view, reason, static_cast<std::uint32_t>(full));
      }) {}

}  // namespace ktstr::guest
