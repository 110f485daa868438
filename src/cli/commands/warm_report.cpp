// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/warm_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ktstr::cli {

namespace {

constexpr std::size_t kShortDigest = 12;

std::string short_digest(const std::string& digest) { return digest.substr(0, kShortDigest); }

// In the largest unit of which it is at least two.
std::string ago(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (seconds >= 2 * kDay) return fmt::format("{} days ago", seconds / kDay);
  if (seconds >= 2 * kHour) return fmt::format("{} hours ago", seconds / kHour);
  if (seconds >= 2 * kMinute) return fmt::format("{} min ago", seconds / kMinute);
  return fmt::format("{} s ago", std::max<std::int64_t>(seconds, 0));
}

Bytes total_of(const std::vector<WarmCache::Entry>& entries) {
  Bytes total = 0;
  for (const auto& entry : entries) total += entry.bytes;
  return total;
}

std::string images(std::size_t count) { return fmt::format("{} image{}", count, count == 1 ? "" : "s"); }

}  // namespace

std::string warm_list_text(const std::vector<WarmCache::Entry>& entries, Bytes limit, std::int64_t now) {
  std::size_t longest = 0;
  for (const auto& entry : entries)
    if (entry.image) longest = std::max(longest, entry.image->key().kernel.size());
  std::string text;
  for (const auto& entry : entries) {
    const std::string size = format_bytes(entry.bytes), used = entry.in_use ? ", in use" : "";
    if (!entry.image) {
      text += fmt::format("{}  DAMAGED: {} ({}{})\n", short_digest(entry.digest), entry.damage, size, used);
      continue;
    }
    const WarmKey& key = entry.image->key();
    text += fmt::format("{}  {:<{}}  {:<10}  {:<3}  {:>8}  saves {:.1f} s, used {}{}\n", short_digest(entry.digest),
                        key.kernel, longest, key.topology, key.mode, size, entry.image->boot_seconds(),
                        ago(now - entry.last_used), used);
  }
  if (entries.empty()) return "no warm images; a run builds its own, or 'ktstr warm build' does\n";
  return text +
         fmt::format("{}, {} of {}\n", images(entries.size()), format_bytes(total_of(entries)), format_bytes(limit));
}

std::string warm_list_json(const std::vector<WarmCache::Entry>& entries, Bytes limit) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& entry : entries) {
    nlohmann::json json = {{"digest", entry.digest},
                           {"size_bytes", entry.bytes},
                           {"last_used", entry.last_used},
                           {"in_use", entry.in_use},
                           {"damaged", !entry.image.has_value()}};
    if (entry.image) {
      const WarmKey& key = entry.image->key();
      json.update({{"kernel", key.kernel},
                   {"topology", key.topology},
                   {"mode", key.mode},
                   {"machine", key.machine},
                   {"qemu_version", key.qemu_version},
                   {"boot_seconds", entry.image->boot_seconds()},
                   {"built_at", entry.image->built_at()}});
    } else {
      json["damage"] = entry.damage;
    }
    list.push_back(std::move(json));
  }
  return nlohmann::json{{"images", list}, {"size_bytes", total_of(entries)}, {"limit_bytes", limit}}.dump(
             2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

std::string describe(const PreparedImage& image) {
  const std::string what = fmt::format("{}  {}, {}, {}", short_digest(image.key.digest()), image.key.kernel,
                                       image.key.topology, image.key.mode);
  if (image.built) return fmt::format("{}: built in {:.1f} s, {}\n", what, image.seconds, format_bytes(image.bytes));
  return fmt::format("{}: was there, {}\n", what, format_bytes(image.bytes));
}

std::string describe(const WarmCache::Cleaned& cleaned) {
  std::string text =
      fmt::format("removed {}, {}\n", images(static_cast<std::size_t>(cleaned.removed)), format_bytes(cleaned.bytes));
  for (const std::string& digest : cleaned.in_use)
    text += fmt::format("{} is in use and stays\n", short_digest(digest));
  return text;
}

}  // namespace ktstr::cli
