// SPDX-License-Identifier: Apache-2.0
//
// Where the dynamic loader finds a shared library (ld.so(8)), and where the guest's loader will: the guest has the same
// loader, but an empty root file system, no ld.so.cache and no LD_LIBRARY_PATH. A library that is found through a
// DT_RPATH or DT_RUNPATH goes to the place that the same entry names in the guest; any other goes to the loader's own
// first directory, wherever it was on the host.
//
// Kept simple on purpose: /etc/ld.so.conf is read in place of ld.so.cache, which is made from it; glibc-hwcaps
// subdirectories and $PLATFORM are not looked at, so the baseline build of a library is what the guest gets.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

namespace fs = std::filesystem;

struct LibraryDirs {
  std::vector<fs::path> environment;  // LD_LIBRARY_PATH
  std::vector<fs::path> configured;   // /etc/ld.so.conf
  std::vector<fs::path> standard;     // what the loader knows by itself
  fs::path guest;                     // where libraries go: the first of `standard` that is there

  static LibraryDirs of_host();
};

// The directories that an ld.so.conf names, with its `include` lines followed. A missing file names none.
std::vector<fs::path> read_ld_so_conf(const fs::path& conf);

// A DT_RPATH or DT_RUNPATH of an object, with $ORIGIN as it is on the host and as it will be in the guest.
struct RunPath {
  std::string entries;  // colon-separated, as written
  fs::path host_origin;
  fs::path guest_origin;
};

struct FoundLibrary {
  fs::path host;
  fs::path guest;
};

// `rpaths`: DT_RPATH of the object and of those that it was loaded for, empty when the object has a DT_RUNPATH. A file
// for another `machine` (EM_*) is passed over, as the loader does. kNotFound names the directories searched.
Result<FoundLibrary> find_library(const std::string& name, std::uint16_t machine, const std::vector<RunPath>& rpaths,
                                  const std::optional<RunPath>& runpath, const LibraryDirs& dirs);

// The first bytes of a program, as far as they decide what can be done with it.
struct ProgramKind {
  bool script = false;        // "#!"
  bool elf64 = false;         // 64-bit little-endian ELF
  std::uint16_t type = 0;     // ET_*
  std::uint16_t machine = 0;  // EM_*
};
Result<ProgramKind> read_program_kind(const fs::path& path);
// EM_* of this machine, which is the guest's too.
std::uint16_t our_machine();

}  // namespace ktstr
