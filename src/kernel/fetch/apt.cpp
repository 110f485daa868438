// SPDX-License-Identifier: Apache-2.0
#include "kernel/fetch/apt.h"

#include <fmt/ranges.h>

#include <sstream>

#include "base/activity.h"
#include "base/log.h"
#include "base/system/process.h"

namespace ktstr {
namespace {

using std::chrono::minutes;

constexpr const char* kKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

// apt says a lot; what went wrong is in the lines that begin with E: or Err:, else in the last line.
std::string apt_errors(const CapturedOutput& output) {
  std::string text;
  std::string last;
  for (const std::string& line : lines_of(output.out + output.err)) {
    last = line;
    if (!line.starts_with("E: ") && !line.starts_with("Err:")) continue;
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text.empty() ? last : text;
}

// How this machine reaches the network, for a configuration that otherwise knows nothing of this machine.
Result<std::string> network_settings() {
  KTSTR_TRY_ASSIGN(const CapturedOutput dump, run_captured({.argv = {"apt-config", "dump"}}, minutes(1)));
  std::string settings;
  for (const std::string& line : lines_of(dump.out))
    if (line.starts_with("Acquire::") && !line.starts_with("Acquire::IndexTargets") &&
        !line.starts_with("Acquire::Languages"))
      settings += line + "\n";
  return settings;
}

Status need_debian_tools() {
  for (const char* tool : {"apt-get", "apt-cache", "apt-config", "dpkg-deb"})
    if (!find_program(tool))
      return fail(ErrorCode::kUnsupported, "cannot fetch a kernel: {} is not installed", tool)
          .with_hint("give a kernel by path: --kernel PATH of a bzImage or vmlinux");
  std::error_code ignored;
  if (!fs::exists(kKeyring, ignored))
    return fail(ErrorCode::kUnsupported, "cannot fetch a kernel: {} is missing", kKeyring)
        .with_hint("install debian-archive-keyring, or give a kernel by path: --kernel PATH");
  return ok();
}

}  // namespace

std::string debian_mirror(const char* ktstr_debian_mirror) {
  std::string mirror = ktstr_debian_mirror != nullptr ? ktstr_debian_mirror : "";
  while (!mirror.empty() && mirror.back() == '/') mirror.pop_back();
  if (mirror.empty()) return "http://deb.debian.org";
  return mirror.find("://") == mirror.npos ? "http://" + mirror : mirror;
}

std::string apt_source_line(std::string_view mirror, std::string_view suite, const fs::path& keyring) {
  const std::string_view archive = suite.ends_with("-security") ? "debian-security" : "debian";
  return fmt::format("deb [signed-by={}] {}/{} {} main\n", keyring.string(), mirror, archive, suite);
}

Status PrivateApt::write_configuration(std::string_view mirror) const {
  for (const char* part : {"lists/partial", "cache/archives/partial", "download"}) {
    std::error_code error;
    fs::create_directories(directory_ / part, error);
    if (error) return Error::from_errno(error.value(), fmt::format("cannot create {}", (directory_ / part).string()));
  }
  KTSTR_TRY(write_text(directory_ / "status", ""));
  KTSTR_TRY(write_text(directory_ / "sources.list", apt_source_line(mirror, suite_, kKeyring)));
  KTSTR_TRY_ASSIGN(std::string text, network_settings());
  const std::string d = directory_.string();
  text += fmt::format("Dir::State \"{0}\";\nDir::State::Lists \"{0}/lists\";\nDir::State::status \"{0}/status\";\n", d);
  text += fmt::format("Dir::Cache \"{0}/cache\";\nDir::Etc::SourceList \"{0}/sources.list\";\n", d);
  // Neither the machine's sources and pins nor its hooks, which may want to write to the machine's own directories.
  for (const char* part : {"SourceParts", "Parts", "Main", "Preferences", "PreferencesParts"})
    text += fmt::format("Dir::Etc::{} \"/dev/null\";\n", part);
  text += "APT::Architecture \"amd64\";\nAPT::Architectures { \"amd64\"; };\nAcquire::Languages \"none\";\n";
  // Otherwise apt only warns about an archive that it cannot reach.
  text += "APT::Update::Error-Mode \"any\";\n";
  // As root, apt would drop to the user _apt, who cannot write into our private directory.
  text += "APT::Sandbox::User \"root\";\n";
  return write_text(directory_ / "apt.conf", text);
}

Result<std::string> PrivateApt::run(std::vector<std::string> argv, const fs::path& working_dir,
                                    std::chrono::milliseconds timeout) const {
  const std::string command = fmt::format("{}", fmt::join(argv, " "));
  KTSTR_TRY_ASSIGN(const CapturedOutput output,
                   run_captured({.argv = std::move(argv),
                                 .env = {"APT_CONFIG=" + (directory_ / "apt.conf").string(), "LC_ALL=C"},
                                 .working_dir = working_dir},
                                timeout));
  if (!output.status.success())
    return fail(ErrorCode::kIo, "{} ({}): {}", apt_errors(output), command, output.status.describe());
  return output.out;
}

Result<PrivateApt> PrivateApt::update(const fs::path& directory, std::string_view mirror, std::string_view suite) {
  KTSTR_TRY(need_debian_tools());
  const Activity reading(fmt::format("reading Debian's {}", suite));
  PrivateApt apt(directory, suite);
  KTSTR_TRY(apt.write_configuration(mirror));
  auto updated = apt.run({"apt-get", "-q", "update"}, directory, minutes(10));
  if (updated) return apt;
  Error error = std::move(updated).error();
  if (error.message().find("does not have a Release file") != std::string::npos)
    return fail(ErrorCode::kNotFound, "{} has no suite '{}': {}", mirror, suite, error.message())
        .with_hint("suites are, for example, trixie-backports, sid, trixie, bookworm-security");
  return std::move(error.context(fmt::format("cannot read Debian's {}", suite))
                       .with_hint("check the network and its proxies; KTSTR_DEBIAN_MIRROR names another mirror"));
}

Result<std::vector<std::string>> PrivateApt::search(std::string_view regex) const {
  KTSTR_TRY_ASSIGN(const std::string output,
                   run({"apt-cache", "search", "--names-only", std::string(regex)}, directory_, minutes(2)));
  std::vector<std::string> names;
  for (const std::string& line : lines_of(output)) names.push_back(line.substr(0, line.find(' ')));
  return names;
}

Result<std::string> PrivateApt::version_of(std::string_view package) const {
  KTSTR_TRY_ASSIGN(const std::string output,
                   run({"apt-cache", "madison", std::string(package)}, directory_, minutes(2)));
  // "   linux-image-... | 6.18.15-1~bpo13+1 | http://... Packages", the newest first; source packages are listed too.
  for (const std::string& line : lines_of(output)) {
    std::istringstream fields(line);
    std::string name, bar, version;
    if (fields >> name >> bar >> version && name == package && line.find("Packages") != std::string::npos)
      return version;
  }
  return fail(ErrorCode::kNotFound, "Debian's {} has no package {}", suite_, package);
}

Result<fs::path> PrivateApt::unpack(std::string_view package) const {
  const Activity downloading(fmt::format("downloading {}", package));
  KTSTR_TRY_ASSIGN(const TempDir download, TempDir::create(directory_ / "download", package));
  KTSTR_TRY(run({"apt-get", "-q", "download", std::string(package)}, download.path(), minutes(30)));
  fs::path archive;
  std::error_code error;
  for (const fs::directory_entry& item : fs::directory_iterator(download.path(), error))
    if (item.path().extension() == ".deb") archive = item.path();
  if (archive.empty()) return fail(ErrorCode::kIo, "apt-get download {} left no package behind", package);
  const fs::path target = directory_ / "unpacked" / package;
  fs::create_directories(target, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot create {}", target.string()));
  KTSTR_TRY(run({"dpkg-deb", "-x", archive.string(), target.string()}, directory_, minutes(10)));
  return target;
}

}  // namespace ktstr
