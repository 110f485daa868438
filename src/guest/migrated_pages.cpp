// SPDX-License-Identifier: Apache-2.0
#include "guest/migrated_pages.h"

#include <algorithm>
#include <charconv>

#include "base/file.h"

namespace ktstr {

std::uint64_t migrated_pages(std::string_view vmstat) {
  constexpr std::string_view kKey = "numa_pages_migrated ";
  while (!vmstat.empty()) {
    const std::string_view line = vmstat.substr(0, vmstat.find('\n'));
    vmstat.remove_prefix(std::min(line.size() + 1, vmstat.size()));
    if (!line.starts_with(kKey)) continue;
    std::uint64_t pages = 0;
    const auto read = std::from_chars(line.data() + kKey.size(), line.data() + line.size(), pages);
    return read.ec == std::errc() ? pages : 0;
  }
  return 0;
}

std::uint64_t MigratedPages::now() const {
  const auto text = read_text(proc_root_ / "vmstat");
  return text ? migrated_pages(*text) : 0;
}

std::uint64_t MigratedPages::more() const {
  const std::uint64_t pages = now();
  return pages > before_ ? pages - before_ : 0;
}

}  // namespace ktstr
