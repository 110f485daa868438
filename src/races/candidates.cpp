// SPDX-License-Identifier: Apache-2.0
#include "races/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>

#include "probe_page.h"
#include "trace/probes/handed_out.h"

namespace ktstr {

namespace {

constexpr EnumName<RaceShape> kShapes[] = {
    {RaceShape::kCheckThenAct, "check-then-act"},
    {RaceShape::kTwoVariables, "check of another variable"},
    {RaceShape::kDirtyRead, "half-written state"},
    {RaceShape::kTornRead, "two reads"},
};
// What a shape is worth: how likely it is to be a mistake. Of two variables there are many pairs, and few are meant to
// go together.
constexpr double kWorth[] = {8, 1, 3, 2};
// What lies in different functions seldom belongs together, and what is a task's own, or has no name, is mostly
// protected by the kernel's lock of its runqueue.
constexpr double kAcrossFunctions = 0.4, kOfTheKernel = 0.5;
// Members of one object may, or may not, say something together.
constexpr double kHalves = 0.5;
// What is atomic was thought about, but for what was known of another variable before.
constexpr double kAtomic = 0.2;

constexpr std::uint64_t kWordBytes = 8;
// Accesses of one CPU that lie further apart, without a switch between, do not belong together.
constexpr std::uint64_t kLongestWindowNs = 100'000;
constexpr std::size_t kMostRecent = 6;  // accesses to other shared memory that one may go together with
constexpr std::size_t kMostOthers = 4;  // lines that are named
// The kernel's code has pairs without end, and data of one kind for each task.
constexpr std::size_t kMostFound = 20'000, kMostWords = 64;

std::uint32_t mask_of(const MemoryAccess& access, std::uint64_t word) {
  std::uint32_t mask = 0;
  for (std::uint64_t at = access.address; at < access.address + access.bytes; ++at)
    if (at / kWordBytes == word) mask |= 1U << (at % kWordBytes);
  return mask;
}

bool overlap(const MemoryAccess& a, const MemoryAccess& b) {
  return a.address < b.address + b.bytes && b.address < a.address + a.bytes;
}

template <typename Visit>
void each_word(const MemoryAccess& access, Visit&& visit) {
  for (std::uint64_t word = access.address / kWordBytes; word <= (access.address + access.bytes - 1) / kWordBytes;
       ++word)
    visit(word, mask_of(access, word));
}

// What CPUs have done with a word, byte by byte in masks.
struct Use {
  // The locks that were held at each of those; in order.
  struct Guards {
    bool any = false;
    std::vector<std::uint32_t> locks;
    void add(std::span<const HeldLock> held) {
      std::vector<std::uint32_t> now;
      for (const HeldLock& one : held)
        if (!any || std::find(locks.begin(), locks.end(), one.lock) != locks.end()) now.push_back(one.lock);
      locks = std::move(now);
      any = true;
    }
    bool has(std::uint32_t lock) const { return !any || std::find(locks.begin(), locks.end(), lock) != locks.end(); }
  };
  struct OfCpu {
    std::uint32_t read = 0, written = 0;
    Guards reads, writes;
  };
  std::map<std::uint16_t, OfCpu> cpus;
  struct OfPlace {
    std::uint64_t times = 0;
    std::uint32_t mask = 0;
  };
  std::map<std::pair<std::uint64_t, bool>, OfPlace> places;  // by place and store

  // Whether no other CPU writes to it, or reads it, without this lock.
  bool is_guarded(std::uint16_t vcpu, bool stores, std::uint32_t lock) const {
    return std::all_of(cpus.begin(), cpus.end(), [&](const auto& one) {
      return one.first == vcpu || (one.second.writes.has(lock) && (stores || one.second.reads.has(lock)));
    });
  }

  // The bytes that this CPU touches and another one writes, or reads.
  std::uint32_t of_others(std::uint16_t vcpu, bool stores) const {
    std::uint32_t mask = 0;
    for (const auto& [cpu, use] : cpus)
      if (cpu != vcpu) mask |= stores ? use.written : use.read | use.written;
    return mask;
  }
};

struct Recent {
  std::size_t access = 0;  // its number
  std::uint32_t mask = 0;
  bool any = false;
};

// Of memory that others touch.
struct SharedAccess {
  std::size_t access = 0;
  std::uint64_t word = 0;
  std::uint32_t mask = 0;  // that others write after a read, or touch after a write
};

// The same, by numbers: of places and of names.
struct ShortKey {
  RaceShape shape;
  std::uint64_t first, second;
  std::uint32_t variable, second_variable;
  bool operator==(const ShortKey&) const = default;
};
struct HashOfKey {
  std::size_t operator()(const ShortKey& key) const {
    std::uint64_t hash = static_cast<std::uint64_t>(key.shape);
    for (const std::uint64_t part : {key.first, key.second, std::uint64_t{key.variable} << 32 | key.second_variable})
      hash = (hash ^ part) * 0x9e3779b97f4a7c15 + (hash >> 29);
    return hash;
  }
};

struct Found {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> pairs;  // of places: how often
  std::map<std::uint64_t, std::uint32_t> words;                            // that others touch between: which bytes
  std::uint64_t times = 0;
  bool first_atomic = false, second_atomic = false, interrupts = false;
  bool open = false;  // no lock is held all the time by all, at least once
  std::optional<std::uint32_t> lock;
};

class Finder {
 public:
  explicit Finder(const WatchedRun& run) : run_(run) {}
  bool found_all() const { return all_; }

  std::vector<RaceCandidate> all() {
    look_at_use();
    for (std::size_t i = 0; i < run_.accesses.size(); ++i) look_at(i);
    std::vector<RaceCandidate> candidates;
    for (const auto& [key, found] : found_) candidates.push_back(made(key, found));
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.score > b.score; });
    return candidates;
  }

 private:
  void look_at_use() {
    for (const MemoryAccess& access : run_.accesses)
      each_word(access, [&](std::uint64_t word, std::uint32_t mask) {
        Use& use = use_[word];
        Use::OfCpu& of_cpu = use.cpus[access.vcpu];
        (access.store ? of_cpu.written : of_cpu.read) |= mask;
        (access.store ? of_cpu.writes : of_cpu.reads).add(run_.locks.set(access.locks));
        Use::OfPlace& place = use.places[{access.place, access.store}];
        ++place.times;
        place.mask |= mask;
      });
  }

  // Of those that this CPU did before, with nothing of its own on the same bytes between.
  void look_at(std::size_t number) {
    const MemoryAccess& second = run_.accesses[number];
    each_word(second, [&](std::uint64_t word, std::uint32_t mask) {
      const Use& use = use_[word];
      const std::uint32_t written = use.of_others(second.vcpu, true), touched = use.of_others(second.vcpu, false);
      auto& [read, earlier_read, write] = last_[{word, second.vcpu}];
      if (second.store) {
        // What an instruction reads that also writes is no check of its own.
        const Recent& check = read.any && run_.accesses[read.access].place == second.place ? earlier_read : read;
        if (is_before(check, number, mask & written))
          add(RaceShape::kCheckThenAct, check.access, number, word, mask & written);
        if (is_before(write, number, mask & touched))
          add(RaceShape::kDirtyRead, write.access, number, word, mask & touched);
        if ((mask & touched) != 0) {
          look_at_other_variables(RaceShape::kTwoVariables, recent_[second.vcpu].reads, number);
          look_at_other_variables(RaceShape::kDirtyRead, recent_[second.vcpu].writes, number);
        }
      } else if ((mask & written) != 0 && !is_written_too(number)) {
        if (is_before(read, number, mask & written))
          add(RaceShape::kTornRead, read.access, number, word, mask & written);
        look_at_other_variables(RaceShape::kTornRead, recent_[second.vcpu].reads, number);
      }
      if (!second.store) earlier_read = read;
      (second.store ? write : read) = {number, mask, true};
      if (second.store && (mask & touched) != 0) remember(recent_[second.vcpu].writes, {number, word, mask & touched});
      if (!second.store && (mask & written) != 0) remember(recent_[second.vcpu].reads, {number, word, mask & written});
    });
  }

  // The same instruction reads and writes, as one that is atomic does. One thread runs all CPUs: nothing lies between.
  bool is_written_too(std::size_t read) const {
    if (read + 1 == run_.accesses.size()) return false;
    const MemoryAccess &a = run_.accesses[read], &b = run_.accesses[read + 1];
    return b.store && a.vcpu == b.vcpu && a.place == b.place && a.address == b.address;
  }

  bool is_before(const Recent& first, std::size_t second, std::uint32_t mask) const {
    return first.any && (first.mask & mask) != 0 && belong_together(first.access, second);
  }

  bool belong_together(std::size_t first, std::size_t second) const {
    const MemoryAccess &a = run_.accesses[first], &b = run_.accesses[second];
    // One instruction that reads and writes: no CPU of this machine can come between.
    return a.vcpu == b.vcpu && a.run == b.run && a.place != b.place && b.time_ns - a.time_ns <= kLongestWindowNs;
  }

  static void remember(std::vector<SharedAccess>& recent, const SharedAccess& access) {
    if (recent.size() == kMostRecent) recent.erase(recent.begin());
    recent.push_back(access);
  }

  // What others do to the first of the two comes between. Two halves of something are halves of one object.
  void look_at_other_variables(RaceShape shape, const std::vector<SharedAccess>& before, std::size_t number) {
    const MemoryAccess& second = run_.accesses[number];
    for (const SharedAccess& one : before) {
      const MemoryAccess& first = run_.accesses[one.access];
      if (overlap(first, second) || !belong_together(one.access, number)) continue;
      if (shape == RaceShape::kTwoVariables || are_of_one_object(first, second))
        add(shape, one.access, number, one.word, one.mask);
    }
  }

  bool are_of_one_object(const MemoryAccess& a, const MemoryAccess& b) const {
    const std::uint64_t object = run_.names.object(a.address);
    return object != 0 && object == run_.names.object(b.address);
  }

  // Each name of data has a number.
  std::uint32_t name_at(std::uint64_t address) {
    const auto [known, is_new] = name_at_.try_emplace(address);
    if (is_new) {
      const auto numbered = names_.try_emplace(run_.names.data(address), static_cast<std::uint32_t>(names_.size()));
      known->second = numbered.first->second;
    }
    return known->second;
  }

  // nullptr: there is no room for it.
  Found* found_for(RaceShape shape, const MemoryAccess& a, const MemoryAccess& b) {
    const bool two = !overlap(a, b);
    const ShortKey short_key{shape, a.place, b.place, name_at(a.address), two ? name_at(b.address) : UINT32_MAX};
    if (const auto known = known_.find(short_key); known != known_.end()) return known->second;
    if (found_.size() == kMostFound) {
      all_ = false;
      return nullptr;
    }
    RaceKey key{.shape = shape,
                .first = line_of(a.place),
                .second = line_of(b.place),
                .variable = run_.names.data(a.address),
                .second_variable = two ? run_.names.data(b.address) : ""};
    return known_[short_key] = &found_[std::move(key)];
  }

  // `word`, `mask`: what others write, or touch, between.
  void add(RaceShape shape, std::size_t first, std::size_t second, std::uint64_t word, std::uint32_t mask) {
    const MemoryAccess &a = run_.accesses[first], &b = run_.accesses[second];
    Found* const at = found_for(shape, a, b);
    if (at == nullptr) return;
    Found& found = *at;
    ++found.pairs[{a.place, b.place}];
    if (found.words.size() < kMostWords || found.words.contains(word)) found.words[word] |= mask;
    ++found.times;
    found.first_atomic = found.first_atomic || a.atomic;
    found.second_atomic = found.second_atomic || b.atomic;
    found.interrupts = found.interrupts || (a.interrupts && b.interrupts);
    if (found.open) return;
    found.lock = guard_of(a, b, word, shape != RaceShape::kDirtyRead);
    found.open = !found.lock.has_value();
  }

  // The lock that is held from the first to the second, and without which nobody else touches that word.
  std::optional<std::uint32_t> guard_of(const MemoryAccess& a, const MemoryAccess& b, std::uint64_t word,
                                        bool stores) const {
    const auto at_first = run_.locks.set(a.locks), at_second = run_.locks.set(b.locks);
    const Use& use = use_.at(word);
    for (const HeldLock& one : at_first)
      if (std::find(at_second.begin(), at_second.end(), one) != at_second.end() &&
          use.is_guarded(a.vcpu, stores, one.lock))
        return one.lock;
    return std::nullopt;
  }

  std::string name_of_lock(std::uint32_t lock) const {
    const std::uint64_t address = run_.locks.address(lock);
    const std::string name = run_.names.data(address);
    if (name == kNoName) return fmt::format("{:#x}", address);
    // What a spinlock is made of (include/linux/spinlock_types.h).
    return name.substr(0, std::min(name.find(".rlock"), name.find(".raw_lock")));
  }

  // A place without a line is a line of its own.
  const SourceLine& line_of(std::uint64_t place) {
    const auto [known, is_new] = lines_.try_emplace(place);
    if (!is_new) return known->second;
    SourceLine& line = known->second;
    line = run_.names.line(place);
    if (line.line == 0)
      if (const auto at = run_.names.place(place)) line.text = ktstr::to_text(*at);
    return line;
  }

  RaceCandidate made(const RaceKey& key, const Found& found) {
    RaceCandidate candidate{.shape = key.shape,
                            .first = key.first,
                            .second = key.second,
                            .variable = key.variable,
                            .second_variable = key.second_variable,
                            .times = found.times,
                            .atomic = found.second_atomic,
                            .interrupts = found.interrupts};
    if (!found.open && found.lock) candidate.lock = name_of_lock(*found.lock);
    const bool writes = key.shape != RaceShape::kDirtyRead;
    std::vector<std::pair<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>>> pairs;
    for (const auto& [pair, times] : found.pairs) pairs.emplace_back(times, pair);
    std::sort(pairs.rbegin(), pairs.rend());
    for (const auto& [times, pair] : pairs) {
      const auto first = run_.names.place(pair.first), second = run_.names.place(pair.second);
      if (first && second && candidate.holds.size() < control::kMostHolds)
        candidate.holds.push_back({.first = *first, .second = *second, .writes_only = writes});
    }
    std::map<SourceLine, std::uint64_t> others;
    for (const auto& [word, mask] : found.words)
      for (const auto& [place, use] : use_[word].places)
        if ((use.mask & mask) != 0 && (!writes || place.second)) others[line_of(place.first)] += use.times;
    for (const auto& [line, times] : others) {
      candidate.conflicts += times;
      if (candidate.others.size() < kMostOthers) candidate.others.push_back(line);
    }
    // One that comes seldom is looked at by nobody; one that has come often was lucky that often.
    candidate.score = kWorth[static_cast<std::size_t>(key.shape)];
    if (!candidate.holds.empty() && candidate.holds.front().first.function != candidate.holds.front().second.function)
      candidate.score *= kAcrossFunctions;
    if (candidate.variable == kNoName || candidate.variable.starts_with(kNameOfTasks)) candidate.score *= kOfTheKernel;
    if (key.shape != RaceShape::kTwoVariables && !key.second_variable.empty()) candidate.score *= kHalves;
    const bool thought_about = found.first_atomic || (found.second_atomic && key.shape != RaceShape::kTwoVariables);
    if (thought_about) candidate.score *= kAtomic;
    candidate.score /= 1 + std::log10(1 + static_cast<double>(found.times));
    return candidate;
  }

  const WatchedRun& run_;
  bool all_ = true;
  std::unordered_map<std::uint64_t, Use> use_;
  std::unordered_map<std::uint64_t, std::uint32_t> name_at_;
  std::unordered_map<std::string, std::uint32_t> names_;
  std::unordered_map<std::uint64_t, SourceLine> lines_;
  std::unordered_map<ShortKey, Found*, HashOfKey> known_;  // in found_, whose elements stay where they are
  struct LastOfCpu {
    Recent read, earlier_read, write;
  };
  std::map<std::pair<std::uint64_t, std::uint16_t>, LastOfCpu> last_;  // of each word
  struct RecentOfCpu {
    std::vector<SharedAccess> reads, writes;
  };
  std::map<std::uint16_t, RecentOfCpu> recent_;
  std::map<RaceKey, Found> found_;
};

}  // namespace

EnumNames<RaceShape> names_of(RaceShape) { return names_from<kShapes>(); }

std::string RaceCandidate::to_text() const {
  if (shape == RaceShape::kTwoVariables)
    return fmt::format("{} is checked, then {} is written", variable, second_variable);
  if (!second_variable.empty()) return fmt::format("{}: {} and {}", to_string(shape), variable, second_variable);
  return fmt::format("{} on {}", to_string(shape), variable);
}

std::vector<RaceCandidate> find_candidates(const WatchedRun& run, bool* found_all) {
  Finder finder(run);
  std::vector<RaceCandidate> all = finder.all();
  if (found_all != nullptr) *found_all = finder.found_all();
  all.erase(std::remove_if(all.begin(), all.end(), [](const RaceCandidate& one) { return one.holds.empty(); }),
            all.end());
  return all;
}

}  // namespace ktstr
