// SPDX-License-Identifier: Apache-2.0
#include "scheduler/library_search.h"

#include <elf.h>
#include <fcntl.h>
#include <glob.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "base/file.h"

namespace ktstr {

namespace {

constexpr int kMostIncludes = 8;  // deep, against a file that includes itself

// The loader's own directories for this machine: Debian's first, then those of the other distributions.
#if defined(__aarch64__)
constexpr const char* kMultiarch = "lib/aarch64-linux-gnu";
#else
constexpr const char* kMultiarch = "lib/x86_64-linux-gnu";
#endif

bool is_existing_dir(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::vector<std::string> split_at(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

void append_conf(const fs::path& conf, int depth, std::vector<fs::path>& dirs);

void append_included(const fs::path& pattern, int depth, std::vector<fs::path>& dirs) {
  glob_t found{};
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) append_conf(found.gl_pathv[i], depth, dirs);
  ::globfree(&found);
}

void append_conf(const fs::path& conf, int depth, std::vector<fs::path>& dirs) {
  if (depth > kMostIncludes) return;
  const auto text = read_text(conf, Bytes{1} << 20);
  if (!text) return;
  for (std::string line : split_at(*text, "\n")) {
    line.resize(std::min(line.find('#'), line.size()));
    const std::vector<std::string> words = split_at(line, " \t:,=");
    if (words.empty()) continue;
    if (words[0] == "include") {
      for (std::size_t i = 1; i < words.size(); ++i)
        append_included(fs::path(words[i]).is_absolute() ? fs::path(words[i]) : conf.parent_path() / words[i],
                        depth + 1, dirs);
    } else if (fs::path(words[0]).is_absolute()) {
      dirs.emplace_back(words[0]);
    }
  }
}

std::string replaced(std::string text, std::string_view name, const std::string& value) {
  for (const std::string& variable : {fmt::format("${{{}}}", name), fmt::format("${}", name)})
    for (std::size_t at = text.find(variable); at != std::string::npos; at = text.find(variable, at + value.size()))
      text.replace(at, variable.size(), value);
  return text;
}

fs::path expanded(const std::string& entry, const fs::path& origin) {
  const std::string lib = is_existing_dir(fs::path("/") / kMultiarch) ? kMultiarch : "lib64";
  return fs::path(replaced(replaced(entry, "ORIGIN", origin.string()), "LIB", lib)).lexically_normal();
}

bool is_library_for(const fs::path& path, std::uint16_t machine) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  const auto kind = read_program_kind(path);
  return kind && kind->elf64 && kind->type == ET_DYN && kind->machine == machine;
}

class Search {
 public:
  Search(const std::string& name, std::uint16_t machine) : name_(name), machine_(machine) {}

  // Relative entries mean the current directory, which the guest does not share: they are passed over.
  std::optional<FoundLibrary> in_run_path(const RunPath& path) {
    for (const std::string& entry : split_at(path.entries, ":")) {
      const fs::path host = expanded(entry, path.host_origin);
      if (host.is_absolute() && try_dir(host)) return {{host / name_, expanded(entry, path.guest_origin) / name_}};
    }
    return {};
  }

  std::optional<FoundLibrary> in_dirs(const std::vector<fs::path>& dirs, const fs::path& guest_dir) {
    for (const fs::path& dir : dirs)
      if (dir.is_absolute() && try_dir(dir)) return {{dir / name_, guest_dir / name_}};
    return {};
  }

  std::string searched() const {
    std::string list;
    for (const fs::path& dir : searched_) list += (list.empty() ? "" : ", ") + dir.string();
    return list;
  }

 private:
  bool try_dir(const fs::path& dir) {
    searched_.push_back(dir);
    return is_library_for(dir / name_, machine_);
  }

  std::string name_;
  std::uint16_t machine_;
  std::vector<fs::path> searched_;
};

}  // namespace

LibraryDirs LibraryDirs::of_host() {
  LibraryDirs dirs;
  if (const char* path = std::getenv("LD_LIBRARY_PATH"))
    for (const std::string& entry : split_at(path, ":;")) dirs.environment.emplace_back(entry);
  dirs.configured = read_ld_so_conf("/etc/ld.so.conf");
  for (const fs::path& dir : {fs::path("/") / kMultiarch, fs::path("/usr") / kMultiarch, fs::path("/lib64"),
                              fs::path("/usr/lib64"), fs::path("/lib"), fs::path("/usr/lib")})
    dirs.standard.push_back(dir);
  dirs.guest = dirs.standard.front();
  for (const fs::path& dir : dirs.standard)
    if (is_existing_dir(dir)) {
      dirs.guest = dir;
      break;
    }
  return dirs;
}

std::vector<fs::path> read_ld_so_conf(const fs::path& conf) {
  std::vector<fs::path> dirs;
  append_conf(conf, 0, dirs);
  return dirs;
}

Result<FoundLibrary> find_library(const std::string& name, std::uint16_t machine, const std::vector<RunPath>& rpaths,
                                  const std::optional<RunPath>& runpath, const LibraryDirs& dirs) {
  if (name.find('/') != std::string::npos) {  // ld.so(8): a name with a slash is a path
    if (fs::path(name).is_absolute() && is_library_for(name, machine)) return FoundLibrary{name, name};
    return fail(ErrorCode::kNotFound, "shared library {} is not there", name);
  }
  Search search(name, machine);
  for (const RunPath& rpath : rpaths)
    if (auto found = search.in_run_path(rpath)) return *std::move(found);
  if (auto found = search.in_dirs(dirs.environment, dirs.guest)) return *std::move(found);
  if (runpath)
    if (auto found = search.in_run_path(*runpath)) return *std::move(found);
  for (const auto* list : {&dirs.configured, &dirs.standard})
    if (auto found = search.in_dirs(*list, dirs.guest)) return *std::move(found);
  return fail(ErrorCode::kNotFound, "shared library {} is in none of: {}", name, search.searched());
}

Result<ProgramKind> read_program_kind(const fs::path& path) {
  // A FIFO does not make us wait; its pread(2) fails.
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDONLY | O_NONBLOCK));
  std::array<unsigned char, sizeof(Elf64_Ehdr)> bytes{};
  const ssize_t got = ::pread(fd.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return fail_errno("cannot read {}", path.string());
  ProgramKind kind;
  kind.script = got >= 2 && bytes[0] == '#' && bytes[1] == '!';
  if (got < static_cast<ssize_t>(sizeof(Elf64_Ehdr)) || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) return kind;
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  kind.elf64 = header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB;
  kind.type = header.e_type;
  kind.machine = header.e_machine;
  return kind;
}

std::uint16_t our_machine() {
#if defined(__aarch64__)
  return EM_AARCH64;
#else
  return EM_X86_64;
#endif
}

}  // namespace ktstr
