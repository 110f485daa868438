// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/splitmix.h"
#include "ktstr/cpuset.h"

namespace ktstr {

namespace {

Status check_part(int index, int of) {
  if (of < 1) return fail(ErrorCode::kInvalidArgument, "a cpuset needs at least 1 part of the CPUs, not {}", of);
  if (index < 0 || index >= of)
    return fail(ErrorCode::kInvalidArgument, "there is no part {} of {}; parts are counted from 0", index, of);
  return ok();
}

Status check_random(int count) {
  if (count >= 1) return ok();
  return fail(ErrorCode::kInvalidArgument, "a cpuset needs at least 1 CPU, not {}", count);
}

// As short as it can be while it reads back as the same number, and without an exponent, whose sign would be taken for
// the '-' of a range.
std::string exact_text(double fraction) {
  std::array<char, 400> text;
  // Minus zero is zero.
  const auto end = std::to_chars(text.data(), text.data() + text.size(), fraction + 0.0, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

std::string count_of(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Result<CpuSet> llc_cpus(int index, const TestTopology& topology) {
  const std::size_t llcs = topology.llcs.size();
  if (index < 0 || static_cast<std::size_t>(index) >= llcs)
    return fail(ErrorCode::kInvalidArgument, "there is no LLC {}: the machine has {}, counted from 0", index,
                count_of(llcs, "LLC"));
  return topology.llc_cpus(index);
}

Result<CpuSet> node_cpus(int id, const TestTopology& topology) {
  CpuSet ids;
  for (const auto& node : topology.nodes) {
    ids.add(node.id);
    if (node.id != id) continue;
    if (node.cpus.empty()) return fail(ErrorCode::kInvalidArgument, "NUMA node {} has memory only, no CPUs", id);
    return node.cpus;
  }
  return fail(ErrorCode::kInvalidArgument, "there is no NUMA node {}: the machine has {} ({})", id,
              count_of(ids.size(), "node"), ids.to_string());
}

Result<CpuSet> exact_cpus(const CpuSet& cpus, const TestTopology& topology) {
  if (cpus.empty())
    return fail(ErrorCode::kInvalidArgument, "an empty list of CPUs; leave the cpuset out for all CPUs");
  const CpuSet missing = cpus.minus(topology.cpus);
  if (!missing.empty())
    return fail(ErrorCode::kInvalidArgument, "there is no CPU {}: the machine has {} ({})", missing.to_string(),
                count_of(topology.cpus.size(), "CPU"), topology.cpus.to_string());
  return cpus;
}

Result<CpuSet> slice_cpus(int index, int of, const TestTopology& topology) {
  KTSTR_TRY(check_part(index, of));
  const auto cpus = static_cast<std::int64_t>(topology.cpus.size());
  if (of > cpus)
    return fail(ErrorCode::kInvalidArgument, "{} cannot be cut into {} parts: some would be empty",
                count_of(topology.cpus.size(), "CPU"), of);
  CpuSet part;
  const auto first = std::next(topology.cpus.begin(), cpus * index / of);
  const auto last = std::next(topology.cpus.begin(), cpus * (index + 1) / of);
  std::for_each(first, last, [&part](Cpu cpu) { part.add(cpu); });
  return part;
}

// Fisher and Yates's shuffle, as far as it is needed.
Result<CpuSet> random_cpus(int count, const TestTopology& topology, std::uint64_t seed) {
  KTSTR_TRY(check_random(count));
  const auto wanted = static_cast<std::size_t>(count);
  std::vector<Cpu> left(topology.cpus.begin(), topology.cpus.end());
  if (wanted > left.size())
    return fail(ErrorCode::kInvalidArgument, "{} CPUs cannot be chosen: the machine has {}", count,
                count_of(left.size(), "CPU"));
  CpuSet chosen;
  for (std::size_t i = 0; i < wanted; ++i) {
    std::swap(left[i], left[i + pick_up_to(splitmix64(seed + i), left.size() - 1 - i)]);
    chosen.add(left[i]);
  }
  return chosen;
}

// usable[from .. to)
CpuSet usable_between(const TestTopology& topology, std::size_t from, std::size_t to) {
  const CpuSet usable = topology.usable_cpus();
  CpuSet part;
  for (auto cpu = std::next(usable.begin(), static_cast<std::ptrdiff_t>(from)); from < to; ++from) part.add(*cpu++);
  return part;
}

Status check_range(double start, double end) {
  if (std::isfinite(start) && std::isfinite(end) && start >= 0 && start < end && end <= 1) return ok();
  return fail(ErrorCode::kInvalidArgument, "a range from {} to {} is not valid; accepted: 0 <= start < end <= 1", start,
              end);
}

Status check_overlap(double fraction) {
  if (std::isfinite(fraction) && fraction >= 0 && fraction <= 1) return ok();
  return fail(ErrorCode::kInvalidArgument, "an overlap of {} is not valid; accepted: 0 to 1", fraction);
}

Result<CpuSet> range_cpus(double start, double end, const TestTopology& topology) {
  KTSTR_TRY(check_range(start, end));
  const auto n = static_cast<double>(topology.usable_cpus().size());
  const CpuSet cpus = usable_between(topology, static_cast<std::size_t>(n * start), static_cast<std::size_t>(n * end));
  if (!cpus.empty()) return cpus;
  return fail(ErrorCode::kInvalidArgument, "no CPU is between {} and {} of {}", start, end,
              count_of(topology.usable_cpus().size(), "usable CPU"));
}

// Both ends of part `index`, moved outwards by `wider` CPUs where there is a neighbour.
Result<CpuSet> part_of_usable(int index, int of, double fraction, const TestTopology& topology) {
  KTSTR_TRY(check_part(index, of));
  KTSTR_TRY(check_overlap(fraction));
  const std::size_t n = topology.usable_cpus().size();
  const auto parts = static_cast<std::size_t>(of), i = static_cast<std::size_t>(index);
  if (n < parts)
    return fail(ErrorCode::kInvalidArgument, "{} cannot be cut into {} parts: some would be empty",
                count_of(n, "usable CPU"), of);
  const std::size_t chunk = n / parts;
  const auto wider = static_cast<std::size_t>(static_cast<double>(chunk) * fraction);
  const std::size_t from = i == 0 ? 0 : i * chunk - std::min(wider, i * chunk);
  const std::size_t to = i + 1 == parts ? n : std::min(n, (i + 1) * chunk + wider);
  return usable_between(topology, from, to);
}

}  // namespace

CpusetSpec CpusetSpec::all() { return CpusetSpec(All{}); }
CpusetSpec CpusetSpec::llc(int index) { return CpusetSpec(Llc{index}); }
CpusetSpec CpusetSpec::node(int index) { return CpusetSpec(Node{index}); }
CpusetSpec CpusetSpec::cpus(CpuSet exact) { return CpusetSpec(Exact{std::move(exact)}); }
CpusetSpec CpusetSpec::slice(int index, int of) { return CpusetSpec(Slice{index, of}); }
CpusetSpec CpusetSpec::random(int count) { return CpusetSpec(Random{count}); }
CpusetSpec CpusetSpec::range(double start, double end) { return CpusetSpec(Range{start, end}); }
CpusetSpec CpusetSpec::disjoint(int index, int of) { return CpusetSpec(Disjoint{index, of}); }
CpusetSpec CpusetSpec::overlap(int index, int of, double fraction) { return CpusetSpec(Overlap{index, of, fraction}); }

Status CpusetSpec::validate() const {
  if (const auto* slice = std::get_if<Slice>(&kind_)) return check_part(slice->index, slice->of);
  if (const auto* random = std::get_if<Random>(&kind_)) return check_random(random->count);
  if (const auto* exact = std::get_if<Exact>(&kind_); exact != nullptr && exact->cpus.empty())
    return fail(ErrorCode::kInvalidArgument, "an empty list of CPUs; leave the cpuset out for all CPUs");
  if (const auto* range = std::get_if<Range>(&kind_)) return check_range(range->start, range->end);
  if (const auto* part = std::get_if<Disjoint>(&kind_)) return check_part(part->index, part->of);
  if (const auto* part = std::get_if<Overlap>(&kind_)) {
    KTSTR_TRY(check_part(part->index, part->of));
    return check_overlap(part->fraction);
  }
  return ok();
}

Result<CpuSet> CpusetSpec::resolve(const TestTopology& topology, std::uint64_t seed) const {
  if (const auto* llc = std::get_if<Llc>(&kind_)) return llc_cpus(llc->index, topology);
  if (const auto* node = std::get_if<Node>(&kind_)) return node_cpus(node->index, topology);
  if (const auto* exact = std::get_if<Exact>(&kind_)) return exact_cpus(exact->cpus, topology);
  if (const auto* slice = std::get_if<Slice>(&kind_)) return slice_cpus(slice->index, slice->of, topology);
  if (const auto* random = std::get_if<Random>(&kind_)) return random_cpus(random->count, topology, seed);
  if (const auto* range = std::get_if<Range>(&kind_)) return range_cpus(range->start, range->end, topology);
  if (const auto* part = std::get_if<Disjoint>(&kind_)) return part_of_usable(part->index, part->of, 0, topology);
  if (const auto* part = std::get_if<Overlap>(&kind_))
    return part_of_usable(part->index, part->of, part->fraction, topology);
  return topology.cpus;
}

std::string CpusetSpec::describe() const {
  if (const auto* llc = std::get_if<Llc>(&kind_)) return fmt::format("llc({})", llc->index);
  if (const auto* node = std::get_if<Node>(&kind_)) return fmt::format("node({})", node->index);
  if (const auto* exact = std::get_if<Exact>(&kind_)) return fmt::format("cpus({})", exact->cpus.to_string());
  if (const auto* slice = std::get_if<Slice>(&kind_)) return fmt::format("slice({}/{})", slice->index, slice->of);
  if (const auto* random = std::get_if<Random>(&kind_)) return fmt::format("random({})", random->count);
  if (const auto* range = std::get_if<Range>(&kind_))
    return fmt::format("range({}-{})", exact_text(range->start), exact_text(range->end));
  if (const auto* part = std::get_if<Disjoint>(&kind_)) return fmt::format("disjoint({}/{})", part->index, part->of);
  if (const auto* part = std::get_if<Overlap>(&kind_))
    return fmt::format("overlap({}/{}, {})", part->index, part->of, exact_text(part->fraction));
  return "all";
}

namespace {

template <typename T>
bool read_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// "LEFTxRIGHT" into its two numbers.
template <typename A, typename B>
bool read_pair(std::string_view text, char between, A& left, B& right) {
  const std::size_t at = text.find(between);
  return at != std::string_view::npos && read_number(text.substr(0, at), left) &&
         read_number(text.substr(at + 1), right);
}

std::optional<CpusetSpec> parse_term(std::string_view kind, std::string_view place) {
  int index = 0, of = 0;
  double start = 0, end = 0;
  const bool is_number = read_number(place, index) && index >= 0;
  if (kind == "llc" && is_number) return CpusetSpec::llc(index);
  if (kind == "node" && is_number) return CpusetSpec::node(index);
  if (kind == "random" && is_number) return CpusetSpec::random(index);
  if (kind == "slice" && read_pair(place, '/', index, of)) return CpusetSpec::slice(index, of);
  if (kind == "disjoint" && read_pair(place, '/', index, of)) return CpusetSpec::disjoint(index, of);
  if (kind == "range" && read_pair(place, '-', start, end)) return CpusetSpec::range(start, end);
  const std::size_t colon = place.rfind(':');
  if (kind == "overlap" && colon != std::string_view::npos && read_pair(place.substr(0, colon), '/', index, of) &&
      read_number(place.substr(colon + 1), start))
    return CpusetSpec::overlap(index, of, start);
  return {};
}

}  // namespace

Result<CpusetSpec> CpusetSpec::parse(std::string_view text) {
  if (text == "all") return all();
  std::optional<CpusetSpec> spec;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos)
    spec = parse_term(text.substr(0, colon), text.substr(colon + 1));
  else if (auto list = CpuSet::parse(text); list && !list->empty())
    spec = cpus(*std::move(list));
  if (!spec)
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is not a cpuset; accepted: \"all\", \"llc:0\", \"node:1\", \"slice:0/2\", \"random:2\", "
                "\"range:0-0.5\", \"disjoint:0/3\", \"overlap:0/3:0.5\", or CPUs like \"0-3,8\"",
                text);
  KTSTR_TRY(spec->validate());
  return *std::move(spec);
}

std::string CpusetSpec::to_text() const {
  if (const auto* llc = std::get_if<Llc>(&kind_)) return fmt::format("llc:{}", llc->index);
  if (const auto* node = std::get_if<Node>(&kind_)) return fmt::format("node:{}", node->index);
  if (const auto* exact = std::get_if<Exact>(&kind_)) return exact->cpus.to_string();
  if (const auto* slice = std::get_if<Slice>(&kind_)) return fmt::format("slice:{}/{}", slice->index, slice->of);
  if (const auto* random = std::get_if<Random>(&kind_)) return fmt::format("random:{}", random->count);
  if (const auto* range = std::get_if<Range>(&kind_))
    return fmt::format("range:{}-{}", exact_text(range->start), exact_text(range->end));
  if (const auto* part = std::get_if<Disjoint>(&kind_)) return fmt::format("disjoint:{}/{}", part->index, part->of);
  if (const auto* part = std::get_if<Overlap>(&kind_))
    return fmt::format("overlap:{}/{}:{}", part->index, part->of, exact_text(part->fraction));
  return "all";
}

}  // namespace ktstr
