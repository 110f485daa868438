// SPDX-License-Identifier: Apache-2.0
#include "kernel/fetch/debian.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/log.h"
#include "kernel/fetch/apt.h"
#include "kernel/version.h"

namespace ktstr {
namespace {

constexpr std::string_view kDefaultSuite = "trixie-backports";
// Where a version is looked for: those with new kernels first.
constexpr std::array<std::string_view, 5> kSuites = {"trixie-backports", "sid", "trixie", "bookworm-security",
                                                     "bookworm-backports"};
constexpr std::string_view kFlavour = "cloud-amd64";
// In the cache's directory, so that a large image moves by rename; hidden, so that list() does not see it.
constexpr std::string_view kFetchPrefix = ".fetch";

// Full releases have three numbers (6.1.0-56, 7.3.4+deb13) or are release candidates; 6.12-cloud-amd64 is a meta
// package.
bool is_full_release(std::string_view release) {
  const std::string_view number = release.substr(0, release.find_first_not_of("0123456789."));
  return std::count(number.begin(), number.end(), '.') >= 2 || release.find("rc") != release.npos;
}

// What is common to the attempts of one fetch.
struct Fetch {
  KernelCache& cache;
  const KernelRequest& request;
  const FetchProgress& progress;
  bool needs_sched_ext = false;
  std::vector<std::string> seen_releases;  // for the message when nothing matches

  void say(const std::string& line) const {
    if (progress) progress(line);
  }
};

// One that was fetched when nobody looked for modules is fetched again.
std::optional<KernelEntry> already_cached(const Fetch& fetch, const KernelSource& source) {
  for (CacheEntry& item : fetch.cache.list())
    if (!item.damaged() && item.entry->source == source && item.entry->has_modules()) return std::move(item.entry);
  return std::nullopt;
}

// The config is an extra: without it the kernel is as good.
std::string config_text(const PrivateApt& apt, const KernelCandidate& candidate, fs::path path) {
  if (path.empty() && !candidate.config_package.empty()) {
    const auto unpacked = apt.unpack(candidate.config_package);
    if (!unpacked) log_info("no config for {}: {}", candidate.release, unpacked.error().message());
    if (unpacked) path = find_in_package(*unpacked, candidate.release).config;
  }
  if (path.empty()) return {};
  const auto text = read_text(path);
  if (!text) log_warn("no config for {}: {}", candidate.release, text.error().message());
  return text ? *text : std::string();
}

// Beside the image, or in a package of their own; older suites have them where newer ones have nothing but
// dependencies. An extra, too.
KernelModules modules_of(const PrivateApt& apt, const KernelCandidate& candidate, fs::path tree,
                         std::string_view image_package) {
  std::vector<std::string> others = candidate.packages;
  if (!candidate.modules_package.empty()) others.insert(others.begin(), candidate.modules_package);
  for (const std::string& package : others) {
    if (!tree.empty()) break;
    if (package == image_package) continue;
    const auto unpacked = apt.unpack(package);
    if (!unpacked) log_info("no modules of {} in {}: {}", candidate.release, package, unpacked.error().message());
    if (unpacked) tree = find_in_package(*unpacked, candidate.release).modules;
  }
  if (tree.empty()) log_warn("no modules for {}: no package has them", candidate.release);
  return tree.empty() ? KernelModules() : modules_in(tree);
}

// The kernel out of one package; no value when the package has no image in it.
Result<std::optional<KernelEntry>> fetch_package(const Fetch& fetch, const PrivateApt& apt,
                                                 const KernelCandidate& candidate, const std::string& package) {
  KTSTR_TRY_ASSIGN(const std::string version, apt.version_of(package));
  const KernelSource source{.suite = apt.suite(), .package = package, .package_version = version};
  if (auto cached = already_cached(fetch, source)) {
    fetch.say(fmt::format("{} is cached already", cached->key));
    return cached;
  }
  fetch.say(fmt::format("downloading {} {}", package, version));
  KTSTR_TRY_ASSIGN(const fs::path unpacked, apt.unpack(package));
  const PackageContents contents = find_in_package(unpacked, candidate.release);
  if (contents.image.empty()) return std::optional<KernelEntry>();
  KTSTR_TRY_ASSIGN(ByteVector image, read_kernel_image(contents.image));
  fetch.say(fmt::format("unpacking {}", candidate.release));
  const std::string config = config_text(apt, candidate, contents.config);
  const KernelModules modules = modules_of(apt, candidate, contents.modules, package);
  KTSTR_TRY_ASSIGN(KernelEntry entry, fetch.cache.add_image(std::move(image), package, source, config, modules));
  return std::optional<KernelEntry>(std::move(entry));
}

Result<KernelEntry> fetch_candidate(const Fetch& fetch, const PrivateApt& apt, const KernelCandidate& candidate) {
  std::optional<Error> first;
  for (const std::string& package : candidate.packages) {
    auto entry = fetch_package(fetch, apt, candidate, package);
    if (entry && entry->has_value()) return **std::move(entry);
    Error error = entry ? fail(ErrorCode::kNotFound, "{} holds no kernel image", package) : std::move(entry).error();
    if (!first) first = std::move(error);
  }
  return *std::move(first);  // a candidate has at least one package
}

// The newest match of one suite. No value when the suite has none.
Result<std::optional<KernelEntry>> fetch_from_suite(Fetch& fetch, std::string_view suite, std::string_view wanted) {
  KTSTR_TRY_ASSIGN(const TempDir work, TempDir::create(fetch.cache.root(), kFetchPrefix));
  fetch.say(fmt::format("reading Debian's {}", suite));
  KTSTR_TRY_ASSIGN(const PrivateApt apt, PrivateApt::update(work.path(), fetch.request.mirror, suite));
  KTSTR_TRY_ASSIGN(const std::vector<std::string> names,
                   apt.search("^linux-(image|binary|base|modules)-[0-9].*cloud-amd64$"));
  for (const KernelCandidate& seen : kernel_candidates(names, "")) fetch.seen_releases.push_back(seen.release);
  std::optional<Error> first;
  for (const KernelCandidate& candidate : kernel_candidates(names, wanted)) {
    auto entry = fetch_candidate(fetch, apt, candidate);
    if (entry && (!fetch.needs_sched_ext || entry->facts.has_sched_ext))
      return std::optional<KernelEntry>(*std::move(entry));
    Error error =
        entry ? fail(ErrorCode::kNotFound, "{} has no sched_ext", candidate.release) : std::move(entry).error();
    // Neither the disk nor the network gets better with an older kernel.
    if (error.code() == ErrorCode::kNoSpace || error.code() == ErrorCode::kPermission) return error;
    fetch.say(fmt::format("passing over {}: {}", candidate.release, error.message()));
    if (!first) first = std::move(error);
  }
  if (first) return std::move(first->context(fmt::format("no usable kernel in Debian's {}", suite)));
  return std::optional<KernelEntry>();
}

// "7.3, 7.2, 6.18": the series among the releases, newest first.
std::string series_of(std::vector<std::string> releases) {
  std::sort(releases.begin(), releases.end(),
            [](const std::string& a, const std::string& b) { return compare_releases(a, b) > 0; });
  std::vector<std::string> series;
  for (const std::string& release : releases) {
    const std::size_t first_dot = release.find('.');
    const std::string name = release.substr(0, release.find_first_not_of("0123456789", first_dot + 1));
    if (std::find(series.begin(), series.end(), name) == series.end()) series.push_back(name);
  }
  return fmt::format("{}", fmt::join(series, ", "));
}

}  // namespace

bool is_version_request(std::string_view what) { return !what.empty() && what[0] >= '0' && what[0] <= '9'; }

std::vector<KernelCandidate> kernel_candidates(const std::vector<std::string>& package_names, std::string_view wanted) {
  constexpr std::string_view kBinary = "linux-binary-";
  constexpr std::string_view kImage = "linux-image-";
  constexpr std::string_view kBase = "linux-base-";
  constexpr std::string_view kModules = "linux-modules-";
  const auto newer = [](const std::string& a, const std::string& b) {
    const auto order = compare_releases(a, b);
    return order != 0 ? order > 0 : a > b;
  };
  std::map<std::string, KernelCandidate, decltype(newer)> by_release(newer);
  const auto release_of = [&](const std::string& name, std::string_view prefix) -> std::string {
    if (!name.starts_with(prefix) || !name.ends_with(kFlavour)) return {};
    std::string release = name.substr(prefix.size());
    const bool matches = wanted.empty() || release_matches(release, wanted);
    const bool real_time = release.find("-rt-") != release.npos;
    return matches && !real_time && is_version_request(release) && is_full_release(release) ? release : std::string();
  };
  // linux-binary first: where both exist, linux-image has no image in it.
  for (const std::string_view prefix : {kBinary, kImage})
    for (const std::string& name : package_names)
      if (const std::string release = release_of(name, prefix); !release.empty()) {
        KernelCandidate& candidate = by_release[release];
        candidate.release = release;
        candidate.packages.push_back(name);
      }
  for (const std::string& name : package_names) {
    if (const auto found = by_release.find(release_of(name, kBase)); found != by_release.end())
      found->second.config_package = name;
    if (const auto found = by_release.find(release_of(name, kModules)); found != by_release.end())
      found->second.modules_package = name;
  }
  std::vector<KernelCandidate> candidates;
  for (auto& [release, candidate] : by_release) candidates.push_back(std::move(candidate));
  return candidates;
}

PackageContents find_in_package(const fs::path& unpacked, std::string_view release) {
  const std::string name(release);
  const auto first_file = [&](std::initializer_list<fs::path> places) -> fs::path {
    for (const fs::path& place : places) {
      std::error_code ignored;
      if (fs::is_regular_file(unpacked / place, ignored)) return unpacked / place;
    }
    return {};
  };
  const fs::path modules = fs::path("lib/modules") / name;
  fs::path tree;
  for (const fs::path& place : {unpacked / "usr" / modules, unpacked / modules})
    if (std::error_code ignored; tree.empty() && fs::is_directory(place / "kernel", ignored)) tree = place;
  return {.image = first_file({"boot/vmlinuz-" + name, "usr" / modules / "vmlinuz", modules / "vmlinuz"}),
          .config = first_file({"boot/config-" + name, "usr" / modules / "config", modules / "config"}),
          .modules = std::move(tree)};
}

Result<KernelEntry> fetch_debian_kernel(KernelCache& cache, const KernelRequest& request,
                                        const FetchProgress& progress) {
  std::error_code error;
  fs::create_directories(cache.root(), error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot create {}", cache.root().string()));
  remove_stale_dirs(cache.root(), kFetchPrefix);
  Fetch fetch{.cache = cache, .request = request, .progress = progress, .needs_sched_ext = request.what.empty()};

  if (!is_version_request(request.what)) {
    const std::string suite = request.what.empty() ? std::string(kDefaultSuite) : request.what;
    if (suite.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != suite.npos)
      return fail(ErrorCode::kInvalidArgument, "'{}' is neither a Debian suite nor a kernel version", request.what)
          .with_hint("for example trixie-backports, sid, 7.3 or 6.18.15");
    KTSTR_TRY_ASSIGN(std::optional<KernelEntry> entry, fetch_from_suite(fetch, suite, ""));
    if (entry) return *std::move(entry);
    return fail(ErrorCode::kNotFound, "Debian's {} has no {} kernel", suite, kFlavour);
  }

  std::string failures;
  ErrorCode worst = ErrorCode::kNotFound;
  for (const std::string_view suite : kSuites) {
    auto entry = fetch_from_suite(fetch, suite, request.what);
    if (entry && entry->has_value()) return **std::move(entry);
    if (entry) continue;
    Error problem = std::move(entry).error();
    const bool unreachable = problem.code() == ErrorCode::kIo && fetch.seen_releases.empty();
    if (unreachable || problem.code() == ErrorCode::kUnsupported || problem.code() == ErrorCode::kNoSpace ||
        problem.code() == ErrorCode::kPermission)
      return problem;
    worst = problem.code();
    failures += "\n  " + problem.message();
  }
  return fail(worst, "no {} kernel {} in Debian's {}{}", kFlavour, request.what, fmt::join(kSuites, ", "), failures)
      .with_hint(fetch.seen_releases.empty() ? "check the network; KTSTR_DEBIAN_MIRROR names another mirror"
                                             : fmt::format("there are {}", series_of(fetch.seen_releases)));
}

}  // namespace ktstr
