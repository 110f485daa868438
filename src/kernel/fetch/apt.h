// SPDX-License-Identifier: Apache-2.0
//
// apt with a configuration of its own: looks into one Debian suite and downloads packages of it without root, without
// installing anything and without touching the machine's own sources, lists or status. Signatures are checked against
// Debian's archive keyring. The machine's network settings (proxies, certificates) are taken over.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace ktstr {

// "http://deb.debian.org", or the value of KTSTR_DEBIAN_MIRROR (a host or an URL; null or "" for the default). The
// archives are at /debian and /debian-security below it.
std::string debian_mirror(const char* ktstr_debian_mirror);

// The sources.list line for a suite; security suites are in an archive of their own.
std::string apt_source_line(std::string_view mirror, std::string_view suite, const fs::path& keyring);

class PrivateApt {
 public:
  // Downloads the package lists of the suite into `directory`, which must exist and outlive this. kUnsupported when apt
  // or Debian's keyring is not installed; kNotFound when the archive has no such suite; kIo with apt's own words else.
  static Result<PrivateApt> update(const fs::path& directory, std::string_view mirror, std::string_view suite);

  const std::string& suite() const { return suite_; }
  // Names of packages that match an extended regular expression.
  Result<std::vector<std::string>> search(std::string_view regex) const;
  // The version that would be downloaded; kNotFound when the suite does not have the package.
  Result<std::string> version_of(std::string_view package) const;
  // Downloads and unpacks; the contents are below the returned directory, inside of the one given to update().
  Result<fs::path> unpack(std::string_view package) const;

 private:
  PrivateApt(fs::path directory, std::string_view suite) : directory_(std::move(directory)), suite_(suite) {}
  Status write_configuration(std::string_view mirror) const;
  Result<std::string> run(std::vector<std::string> argv, const fs::path& working_dir,
                          std::chrono::milliseconds timeout) const;

  fs::path directory_;
  std::string suite_;
};

}  // namespace ktstr
