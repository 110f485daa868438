// SPDX-License-Identifier: Apache-2.0
#include "engine/warm/warm_image.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text/json_fault.h"
#include "engine/machine.h"
#include "engine/qemu/command_line.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 2;
constexpr const char* kDescription = "image.json";
constexpr const char* kState = "state";
constexpr Bytes kLongestExtent = Bytes{256} << 10;  // stays in the cache between checking and copying
constexpr Bytes kUnit = Bytes{16} << 10;            // what is all zeroes is left out in units of this
constexpr std::chrono::seconds kLoadLimit{120};

fs::path ram_path(const fs::path& directory, std::size_t node) { return directory / fmt::format("ram{}", node); }

std::string hash_of(ByteSpan bytes) { return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size())); }

bool all_zero(ByteSpan bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

Status read_exactly(int fd, MutableByteSpan into, Bytes offset, const fs::path& path) {
  while (!into.empty()) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read {}", path.string());
    if (got == 0) return fail(ErrorCode::kCorruptData, "{} ends at {} bytes", path.string(), offset);
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<Bytes>(got);
  }
  return ok();
}

Status write_exactly(int fd, ByteSpan bytes, Bytes offset, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno("cannot write {}", path.string());
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<Bytes>(put);
  }
  return ok();
}

// Copies what is not all zeroes, piece by piece, and says what it was: [[offset, length, hash], ...].
class RamCopy {
 public:
  RamCopy(const fs::path& from, const fs::path& to) : from_(from), to_(to) {}

  Result<Json> copy(Bytes size) {
    KTSTR_TRY_ASSIGN(source_, open_file(from_, O_RDONLY));
    KTSTR_TRY_ASSIGN(target_, open_file(to_, O_WRONLY | O_CREAT | O_EXCL, 0600));
    if (::ftruncate(target_.get(), static_cast<off_t>(size)) != 0) return fail_errno("cannot write {}", to_.string());
    for (Bytes at = 0; at < size;) {
      const off_t data = ::lseek(source_.get(), static_cast<off_t>(at), SEEK_DATA);
      if (data < 0 && errno == ENXIO) break;
      const off_t hole = data < 0 ? -1 : ::lseek(source_.get(), data, SEEK_HOLE);
      if (hole < 0) return fail_errno("cannot find the data in {}", from_.string());
      for (at = static_cast<Bytes>(data); at < static_cast<Bytes>(hole); at += kLongestExtent)
        KTSTR_TRY(copy_block(at, std::min(kLongestExtent, static_cast<Bytes>(hole) - at)));
      at = static_cast<Bytes>(hole);
    }
    return std::move(extents_);
  }

 private:
  Status copy_block(Bytes offset, Bytes length) {
    const MutableByteSpan block = MutableByteSpan(buffer_).first(length);
    KTSTR_TRY(read_exactly(source_.get(), block, offset, from_));
    for (Bytes at = 0; at < length;) {
      auto unit = [&](Bytes from) { return block.subspan(from, std::min(kUnit, length - from)); };
      Bytes end = at;
      while (end < length && !all_zero(unit(end))) end += unit(end).size();
      if (end != at) {
        const ByteSpan extent = block.subspan(at, end - at);
        KTSTR_TRY(write_exactly(target_.get(), extent, offset + at, to_));
        extents_.push_back(Json::array({offset + at, extent.size(), hash_of(extent)}));
      }
      at = end == at ? at + unit(at).size() : end;
    }
    return ok();
  }

  fs::path from_, to_;
  Fd source_, target_;
  Json extents_ = Json::array();
  ByteVector buffer_ = ByteVector(kLongestExtent);
};

Result<std::string> hash_file(const fs::path& path) {
  KTSTR_TRY_ASSIGN(const ByteVector bytes, read_bytes(path));
  return hash_of(bytes);
}

}  // namespace

std::string WarmKey::digest() const {
  std::string all = kernel_sha256 + '\n' + initramfs_sha256 + '\n' + qemu_version + '\n' + machine;
  if (!scheduler_sha256.empty()) all += '\n' + scheduler_sha256;
  return sha256(as_byte_span(all)).substr(0, 32);
}

Result<WarmKey> warm_key(const GuestSpec& spec, const MemoryLayout& layout, const std::string& kernel_sha256,
                         const std::string& initramfs_sha256, const std::string& qemu_version) {
  KTSTR_TRY_ASSIGN(const CpuVendor vendor, guest_cpu_vendor(spec.mode));
  std::string machine = machine_description(spec, layout, vendor);
  if (!spec.plugin.empty()) {
    KTSTR_TRY_ASSIGN(const ByteVector plugin, read_bytes(spec.plugin));
    machine += " plugin " + sha256(plugin);
  }
  return WarmKey{.kernel_sha256 = kernel_sha256,
                 .initramfs_sha256 = initramfs_sha256,
                 .qemu_version = qemu_version,
                 .machine = std::move(machine),
                 .topology = spec.topology.to_string(),
                 .kernel = {},
                 .mode = std::string(to_string(spec.mode)),
                 .scheduler_sha256 = {},
                 .scheduler = {}};
}

Status WarmImage::save(const fs::path& directory, const GuestMemory& memory, const Facts& facts) {
  Json ram = Json::array();
  for (std::size_t node = 0; node < memory.files().size(); ++node) {
    const Bytes size = memory.layout().nodes()[node];
    KTSTR_TRY_ASSIGN(Json extents, RamCopy(memory.files()[node], ram_path(directory, node)).copy(size));
    ram.push_back({{"size", size}, {"extents", std::move(extents)}});
  }
  KTSTR_TRY_ASSIGN(const std::string state_hash, hash_file(directory / kState));
  std::error_code error;
  const Json body = {{"format", kFormat},
                     {"kernel", facts.key.kernel},
                     {"topology", facts.key.topology},
                     {"mode", facts.key.mode},
                     {"kernel_sha256", facts.key.kernel_sha256},
                     {"initramfs_sha256", facts.key.initramfs_sha256},
                     {"qemu_version", facts.key.qemu_version},
                     {"machine", facts.key.machine},
                     {"scheduler_sha256", facts.key.scheduler_sha256},
                     {"scheduler", facts.key.scheduler},
                     {"guest_ns", facts.guest_ns},
                     {"boot_seconds", facts.boot_seconds},
                     {"built_at", ::time(nullptr)},
                     {"console", facts.console},
                     {"state", {{"size", fs::file_size(directory / kState, error)}, {"hash", state_hash}}},
                     {"ram", std::move(ram)}};
  const std::string text = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  const Json description = {{"body", body}, {"sha256", sha256(as_byte_span(text))}};
  return write_atomically(directory / kDescription,
                          as_byte_span(description.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

Result<WarmImage> WarmImage::open(const fs::path& directory) {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(directory / kDescription));
  WarmImage image;
  image.directory_ = directory;
  try {
    const Json description = Json::parse(text);
    const Json& body = description.at("body");
    const std::string expected = sha256(as_byte_span(body.dump(-1, ' ', false, Json::error_handler_t::replace)));
    if (expected != description.at("sha256").get<std::string>())
      return fail(ErrorCode::kCorruptData, "its description's checksum does not match");
    if (body.at("format").get<int>() != kFormat)
      return fail(ErrorCode::kCorruptData, "another version of ktstr made it");
    image.key_ = {.kernel_sha256 = body.at("kernel_sha256"),
                  .initramfs_sha256 = body.at("initramfs_sha256"),
                  .qemu_version = body.at("qemu_version"),
                  .machine = body.at("machine"),
                  .topology = body.at("topology"),
                  .kernel = body.at("kernel"),
                  .mode = body.value("mode", ""),
                  .scheduler_sha256 = body.at("scheduler_sha256"),
                  .scheduler = body.at("scheduler")};
    image.checksum_ = expected;
    image.console_ = body.at("console");
    image.guest_ns_ = body.at("guest_ns");
    image.boot_seconds_ = body.at("boot_seconds");
    image.built_at_ = body.at("built_at");
    image.state_size_ = body.at("state").at("size");
    image.state_hash_ = body.at("state").at("hash");
    for (const Json& file : body.at("ram")) {
      RamFile ram{file.at("size"), {}};
      for (const Json& extent : file.at("extents")) ram.extents.push_back({extent.at(0), extent.at(1), extent.at(2)});
      image.ram_.push_back(std::move(ram));
    }
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorruptData, "its description is malformed: {}", json_fault(error.id, error.what()));
  }
  auto check_size = [&](const fs::path& path, Bytes size) -> Status {
    std::error_code error;
    const auto seen = fs::file_size(path, error);
    if (!error && seen == size) return ok();
    return fail(ErrorCode::kCorruptData, "{} is not {} bytes long", path.filename().string(), size);
  };
  KTSTR_TRY(check_size(directory / kState, image.state_size_));
  for (std::size_t node = 0; node < image.ram_.size(); ++node)
    KTSTR_TRY(check_size(ram_path(directory, node), image.ram_[node].size));
  return image;
}

Bytes WarmImage::bytes() const {
  Bytes sum = state_size_;
  for (const RamFile& file : ram_)
    for (const Extent& extent : file.extents) sum += extent.length;
  return sum;
}

Status WarmImage::restore_file(const RamFile& file, const fs::path& from, const fs::path& to) const {
  KTSTR_TRY_ASSIGN(const Fd source, open_file(from, O_RDONLY));
  KTSTR_TRY_ASSIGN(const Fd target, open_file(to, O_WRONLY));
  ByteVector buffer(kLongestExtent);
  for (const Extent& extent : file.extents) {
    if (extent.length > buffer.size() || extent.offset > file.size || extent.length > file.size - extent.offset)
      return fail(ErrorCode::kCorruptData, "its description names bytes outside of {}", from.filename().string());
    const MutableByteSpan bytes = MutableByteSpan(buffer).first(extent.length);
    KTSTR_TRY(read_exactly(source.get(), bytes, extent.offset, from));
    if (hash_of(bytes) != extent.hash)
      return fail(ErrorCode::kCorruptData, "{} differs from what was saved at byte {}", from.filename().string(),
                  extent.offset);
    KTSTR_TRY(write_exactly(target.get(), bytes, extent.offset, to));
  }
  return ok();
}

Status WarmImage::restore_memory(GuestMemory& memory) const {
  if (ram_.size() != memory.files().size())
    return fail(ErrorCode::kCorruptData, "it has {} NUMA nodes, the machine {}", ram_.size(), memory.files().size());
  for (std::size_t node = 0; node < ram_.size(); ++node) {
    if (ram_[node].size != memory.layout().nodes()[node])
      return fail(ErrorCode::kCorruptData, "its node {} has another size than the machine's", node);
    KTSTR_TRY(restore_file(ram_[node], ram_path(directory_, node), memory.files()[node]));
  }
  return ok();
}

Status WarmImage::load_device_state(Qmp& qmp) const {
  KTSTR_TRY_ASSIGN(const std::string hash, hash_file(directory_ / kState));
  if (hash != state_hash_) return fail(ErrorCode::kCorruptData, "its device state differs from what was saved");
  KTSTR_TRY(qmp.execute("migrate-set-capabilities",
                        {{"capabilities", {{{"capability", "x-ignore-shared"}, {"state", true}}}}}, kLoadLimit));
  // Else QEMU's main loop disturbs the first seconds.
  KTSTR_TRY(qmp.execute("migrate-set-parameters", {{"announce-rounds", 0}}, kLoadLimit));
  KTSTR_TRY(qmp.execute("migrate-incoming", {{"uri", "file:" + (directory_ / kState).string()}}, kLoadLimit));
  const Nanoseconds deadline = monotonic_now() + kLoadLimit;
  for (;;) {
    KTSTR_TRY_ASSIGN(const Qmp::Json status, qmp.execute("query-status", Qmp::Json::object(), kLoadLimit));
    if (status.value("status", "") == "paused") return ok();
    if (status.value("status", "") != "inmigrate")
      return fail(ErrorCode::kProtocol, "QEMU did not take the image: it is now '{}'", status.value("status", ""));
    if (monotonic_now() > deadline)
      return fail(ErrorCode::kIo, "QEMU did not load the image within {} s", kLoadLimit.count());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace ktstr
