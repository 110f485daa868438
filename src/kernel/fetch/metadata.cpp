// SPDX-License-Identifier: Apache-2.0
#include "kernel/fetch/metadata.h"

#include <nlohmann/json.hpp>

#include "base/text/json_fault.h"

namespace ktstr {

using nlohmann::json;

std::string render_metadata(const KernelEntry& entry) {
  const json document = {
      {"key", entry.key},
      {"release", entry.facts.release},
      {"sha256", entry.facts.sha256},
      {"size", entry.facts.size},
      {"has_sched_ext", entry.facts.has_sched_ext},
      {"btf_types", entry.facts.btf_types},
      {"symbols", entry.facts.symbols},
      {"pvh", entry.facts.pvh},
      {"source",
       {{"suite", entry.source.suite},
        {"package", entry.source.package},
        {"package_version", entry.source.package_version}}},
      {"fetched_at", entry.fetched_at},
      {"verified",
       {{"size", entry.verified.size}, {"mtime_ns", entry.verified.mtime_ns}, {"inode", entry.verified.inode}}},
  };
  // Paths need not be UTF-8; a replaced character is better than no metadata.
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<KernelEntry> parse_metadata(std::string_view text) {
  try {
    const json document = json::parse(text);
    KernelEntry entry;
    entry.key = document.at("key").get<std::string>();
    entry.facts.release = document.at("release").get<std::string>();
    entry.facts.sha256 = document.at("sha256").get<std::string>();
    entry.facts.size = document.at("size").get<Bytes>();
    entry.facts.has_sched_ext = document.at("has_sched_ext").get<bool>();
    entry.facts.btf_types = document.at("btf_types").get<std::uint64_t>();
    entry.facts.symbols = document.at("symbols").get<std::uint64_t>();
    entry.facts.pvh = document.at("pvh").get<bool>();
    const json& source = document.at("source");
    entry.source = {.suite = source.at("suite").get<std::string>(),
                    .package = source.at("package").get<std::string>(),
                    .package_version = source.at("package_version").get<std::string>()};
    entry.fetched_at = document.at("fetched_at").get<std::string>();
    const json& verified = document.at("verified");
    entry.verified = {.size = verified.at("size").get<std::uint64_t>(),
                      .mtime_ns = verified.at("mtime_ns").get<std::int64_t>(),
                      .inode = verified.at("inode").get<std::uint64_t>()};
    return entry;
  } catch (const json::exception& problem) {
    return fail(ErrorCode::kCorruptData, "metadata.json cannot be read: {}", json_fault(problem.id, problem.what()));
  }
}

}  // namespace ktstr
