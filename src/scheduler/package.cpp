// SPDX-License-Identifier: Apache-2.0
#include "scheduler/package.h"

#include <elf.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/system/process.h"
#include "kernel/elf.h"
#include "scheduler/elf_trim.h"
#include "scheduler/library_search.h"
#include "scheduler/script_commands.h"

namespace ktstr {

namespace {

constexpr Bytes kMostBytes = Bytes{2} << 30;
constexpr int kMostScripts = 4;  // interpreters that are scripts themselves; the kernel allows as many

// A scheduler's and a payload's program are checked alike; only the way out names what it is.
Error cannot_run(const fs::path& program, std::string_view why, std::string hint) {
  return fail(ErrorCode::kInvalidArgument, "{} {}", program.string(), why).with_hint(std::move(hint));
}

// A program that this machine, and so the guest, can execute.
Status check_program(const fs::path& program, std::string_view whose) {
  std::error_code error;
  const fs::file_status status = fs::status(program, error);
  if (status.type() == fs::file_type::not_found)
    return fail(ErrorCode::kNotFound, "there is no program {}", program.string())
        .with_hint(fmt::format("give the path of the {} program, or build it first", whose));
  if (error) return Error::from_errno(error.value(), fmt::format("cannot look at {}", program.string()));
  if (!fs::is_regular_file(status))
    return cannot_run(program, "is not a regular file", "give the path of the program itself, not of its directory");
  KTSTR_TRY_ASSIGN(const ProgramKind kind, read_program_kind(program));
  if (kind.elf64 && kind.type == ET_REL)
    return cannot_run(
        program, kind.machine == EM_BPF ? "is a BPF object file, not a program" : "is an object file, not a program",
        kind.machine == EM_BPF ? "give the program that loads and attaches it"
                               : "give the program that is linked of it");
  if (::access(program.c_str(), X_OK) != 0)
    return cannot_run(program, "is not executable", fmt::format("chmod +x {}", program.string()));
  if (kind.script) return ok();
  if (!kind.elf64 || (kind.type != ET_EXEC && kind.type != ET_DYN))
    return cannot_run(program, "is neither a 64-bit ELF program nor a script (#!)",
                      fmt::format("give the {} program itself", whose));
  if (kind.machine != our_machine())
    return cannot_run(program, fmt::format("is built for another machine (ELF machine {})", kind.machine),
                      "build it for this machine: the guest has the same architecture");
  return ok();
}

// Collects one program with what it needs. Objects are worked off in the loader's order, breadth first.
class Packer {
 public:
  Packer(NewcWriter& archive, std::map<std::string, std::string>& inputs, ScriptCommands commands)
      : archive_(archive), inputs_(inputs), commands_(commands), dirs_(LibraryDirs::of_host()) {}

  Status program(const fs::path& host, const fs::path& guest, int depth = 0) {
    KTSTR_TRY(check_program(host, "right"));
    KTSTR_TRY_ASSIGN(const ByteVector bytes, read_without_debug_info(host, kMostBytes));
    if (!ElfFile::has_magic(bytes)) return script(host, guest, bytes, depth);
    KTSTR_TRY_ASSIGN(const ElfFile file, ElfFile::parse(bytes).context("read " + host.string()));
    KTSTR_TRY(deliver(guest, 0755, bytes));
    if (const auto interpreter = file.interpreter()) {
      if (!fs::path(*interpreter).is_absolute())
        return cannot_run(host, fmt::format("names its loader by the relative path '{}'", *interpreter),
                          "link it again");
      KTSTR_TRY_ASSIGN(const ByteVector loader,
                       read_without_debug_info(*interpreter, kMostBytes).context("loader of " + host.string()));
      KTSTR_TRY(deliver(*interpreter, 0755, loader));
      loader_name_ = fs::path(*interpreter).filename().string();
    }
    std::error_code error;
    const fs::path canonical = fs::canonical(host, error);  // $ORIGIN of a program is where it really is
    return libraries_of(file, error ? host : canonical, guest, {});
  }

 private:
  Status deliver(const fs::path& guest, std::uint32_t permissions, const ByteVector& contents) {
    KTSTR_TRY(archive_.add_file(guest.string(), permissions, contents));
    inputs_[guest.string()] = sha256(contents);
    return ok();
  }

  Status script(const fs::path& host, const fs::path& guest, const ByteVector& bytes, int depth) {
    if (depth >= kMostScripts)
      return cannot_run(host, "is a script whose interpreters are scripts, without end", "use a program");
    KTSTR_TRY(deliver(guest, 0755, bytes));
    std::string_view line = as_text(bytes).substr(2);
    line = line.substr(0, line.find('\n'));
    std::vector<std::string> words;
    while (!line.empty()) {
      const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
      if (end > 0) words.emplace_back(line.substr(0, end));
      line.remove_prefix(std::min(end + 1, line.size()));
    }
    if (words.empty() || !fs::path(words[0]).is_absolute())
      return cannot_run(host, "names no interpreter by an absolute path after its #!",
                        "begin it with #!/bin/sh or the like");
    KTSTR_TRY(interpreter(words[0], host, depth));
    fs::path runs = words[0];
    if (runs.filename() == "env" && words.size() >= 2) {
      const std::string& wanted = words[1] == "-S" && words.size() > 2 ? words[2] : words[1];
      KTSTR_TRY_ASSIGN(runs, find_program(wanted).context("interpreter of " + host.string()));
      KTSTR_TRY(interpreter(runs, host, depth));
    }
    if (commands_ == ScriptCommands::kPack && is_shell(runs)) commands_of(host, guest, as_text(bytes), depth);
    return ok();
  }

  // Best effort: what is not found here is missed when the script runs, and named then.
  void commands_of(const fs::path& host, const fs::path& guest, std::string_view text, int depth) {
    for (const std::string& word : commands_in_script(text)) {
      const auto found = find_command(word, host, guest);
      if (!found || archive_.contains(found->guest.string()) || !check_program(found->host, "right")) continue;
      if (const Status packed = program(found->host, found->guest, depth + 1); !packed)
        log_warn("{} calls {}, which cannot be brought into the guest: {}", host.string(), word,
                 packed.error().message());
    }
  }

  Status interpreter(const fs::path& path, const fs::path& needed_by, int depth) {
    return program(path, path.lexically_normal(), depth + 1).context("interpreter of " + needed_by.string());
  }

  // `inherited`: DT_RPATHs of the objects that this one was loaded for, innermost first.
  Status libraries_of(const ElfFile& file, const fs::path& host, const fs::path& guest,
                      std::vector<RunPath> inherited) {
    KTSTR_TRY_ASSIGN(const std::optional<ElfDynamic> dynamic, file.dynamic().context("read " + host.string()));
    if (!dynamic) return ok();
    std::optional<RunPath> runpath;
    if (!dynamic->runpath.empty())
      runpath = RunPath{dynamic->runpath, host.parent_path(), guest.parent_path()};
    else if (!dynamic->rpath.empty())
      inherited.insert(inherited.begin(), RunPath{dynamic->rpath, host.parent_path(), guest.parent_path()});
    for (const std::string& name : dynamic->needed) {
      if (name == loader_name_) continue;  // it is there under its own path, and loaded already
      auto found = find_library(name, file.machine(), runpath ? std::vector<RunPath>{} : inherited, runpath, dirs_);
      if (!found)
        return std::move(found.error())
            .context("needed by " + host.string())
            .with_hint("install the library, or name its directory in LD_LIBRARY_PATH");
      KTSTR_TRY(library(*found, inherited));
    }
    return ok();
  }

  Status library(const FoundLibrary& found, const std::vector<RunPath>& inherited) {
    if (!done_.insert(found.guest).second) return ok();
    KTSTR_TRY_ASSIGN(const ByteVector bytes, read_without_debug_info(found.host, kMostBytes));
    KTSTR_TRY_ASSIGN(const ElfFile file, ElfFile::parse(bytes).context("read " + found.host.string()));
    KTSTR_TRY(deliver(found.guest, 0644, bytes));
    return libraries_of(file, found.host, found.guest, inherited);
  }

  NewcWriter& archive_;
  std::map<std::string, std::string>& inputs_;
  ScriptCommands commands_;
  LibraryDirs dirs_;
  std::set<fs::path> done_;  // libraries, by their path in the guest
  std::string loader_name_;
};

}  // namespace

Result<fs::path> find_scheduler(const std::string& program, const fs::path& beside) {
  if (program.empty()) return fail(ErrorCode::kInvalidArgument, "the scheduler's name is empty");
  fs::path path = program;
  if (program.find('/') == std::string::npos) {
    path = beside / program;
    std::error_code error;
    if (beside.empty() || !fs::exists(path, error)) {
      auto in_path = find_program(program);
      if (!in_path)
        return fail(ErrorCode::kNotFound, "there is no scheduler '{}' beside the test program ({}) or in PATH", program,
                    beside.empty() ? "unknown directory" : beside.string())
            .with_hint("give its path: --scheduler ./" + program);
      path = *std::move(in_path);
    }
  }
  KTSTR_TRY(check_program(path, "scheduler's"));
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.lexically_normal();
}

Result<fs::path> find_payload(const std::string& program) {
  fs::path path = program;
  if (program.find('/') == std::string::npos) {
    auto in_path = find_program(program);
    if (!in_path)
      return std::move(in_path.error())
          .with_hint(fmt::format("install it, or give the path of the payload's program: ./{}", program));
    path = *std::move(in_path);
  }
  KTSTR_TRY(check_program(path, "payload's"));
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.lexically_normal();
}

Status add_program(NewcWriter& archive, const fs::path& program, const std::string& guest_path,
                   std::map<std::string, std::string>& inputs, ScriptCommands commands) {
  const fs::path guest = fs::path(guest_path).lexically_normal();
  if (!guest.is_absolute())
    return fail(ErrorCode::kInvalidArgument, "'{}' is not an absolute path in the guest", guest_path);
  return Packer(archive, inputs, commands).program(program, guest).context("pack " + program.string());
}

}  // namespace ktstr
