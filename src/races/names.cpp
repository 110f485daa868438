// SPDX-License-Identifier: Apache-2.0
#include "races/names.h"

#include <fmt/format.h>

namespace ktstr {

namespace {

// In a larger one, such as a task or a runqueue, are many that have nothing to do with each other.
constexpr std::uint64_t kLargestObject = 512;

// The one that begins at or before the address; end() for none.
template <typename Map>
auto before(const Map& map, std::uint64_t address) {
  auto at = map.upper_bound(address);
  return at == map.begin() ? map.end() : --at;
}

}  // namespace

std::string to_text(const SourceLine& line) {
  if (line.line == 0) return line.text.empty() ? "?" : line.text;
  return fmt::format("{}:{}: {}", line.file, line.line, line.text);
}

void SourceNames::follow(const TraceEvent& event) {
  using namespace trace;
  if (event.kind == TraceKind::kFunctionSeen) {
    const auto seen = event_as<FunctionSeen>(event);
    functions_[seen.start] = {seen.end, seen.name.str()};
  } else if (event.kind == TraceKind::kBpfLineSeen) {
    const auto seen = event_as<BpfLineSeen>(event);
    std::string file = seen.file.str();
    file.erase(0, file.rfind('/') + 1);
    lines_[seen.start] = {std::move(file), seen.line, seen.text.str()};
  } else if (event.kind == TraceKind::kDataSeen) {
    const auto seen = event_as<DataSeen>(event);
    forget(seen.start, seen.bytes);
    data_[seen.start] = {seen.bytes, seen.element, seen.name.str(), seen.number};
  } else if (event.kind == TraceKind::kMemberSeen) {
    const auto seen = event_as<MemberSeen>(event);
    members_[seen.of].push_back({seen.offset, seen.bytes, seen.name.str()});
  }
}

// What was there is no more: memory is used again.
void SourceNames::forget(std::uint64_t start, std::uint64_t bytes) {
  if (const auto found = before(data_, start); found != data_.end() && start - found->first < found->second.bytes)
    data_.erase(found);
  for (auto at = data_.lower_bound(start); at != data_.end() && at->first - start < bytes;) at = data_.erase(at);
}

std::optional<CodePlace> SourceNames::place(std::uint64_t address) const {
  const auto function = before(functions_, address);
  if (function == functions_.end() || address >= function->second.end) return std::nullopt;
  return CodePlace{function->second.name, address - function->first};
}

SourceLine SourceNames::line(std::uint64_t address) const {
  const auto function = before(functions_, address);
  const auto line = before(lines_, address);
  const bool same = function != functions_.end() && line != lines_.end() && line->first >= function->first &&
                    address < function->second.end;
  return same ? line->second : SourceLine{};
}

std::uint64_t SourceNames::address(const CodePlace& place) const {
  for (const auto& [start, function] : functions_)
    if (function.name == place.function && place.offset < function.end - start) return start + place.offset;
  return 0;
}

std::uint64_t SourceNames::object(std::uint64_t address) const {
  const auto found = before(data_, address);
  if (found == data_.end() || address - found->first >= found->second.bytes) return 0;
  const std::uint64_t element = found->second.element;
  if (element > kLargestObject) return 0;
  return element == 0 ? found->first : address - (address - found->first) % element;
}

std::string SourceNames::data(std::uint64_t address) const {
  const auto found = before(data_, address);
  if (found == data_.end() || address - found->first >= found->second.bytes) return kNoName;
  const Data& data = found->second;
  std::uint64_t offset = address - found->first;
  std::string name = data.name;
  if (data.element != 0) {
    name += "[]";
    offset %= data.element;
  }
  if (const auto members = members_.find(data.number); members != members_.end()) {
    for (const Member& member : members->second)
      if (offset - member.offset < member.bytes) return fmt::format("{}.{}", name, member.name);
  }
  return offset == 0 || data.element != 0 ? name : fmt::format("{}+{}", name, offset);
}

}  // namespace ktstr
