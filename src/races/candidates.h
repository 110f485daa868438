// SPDX-License-Identifier: Apache-2.0
//
// Where another CPU could come between two accesses that belong together, out of one run in which it may never have
// happened. Whether anything goes wrong then is found out by forcing it (PlannedHold).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "races/watched_run.h"
#include "trace/probes/holds.h"

namespace ktstr {

enum class RaceShape : std::uint8_t {
  kCheckThenAct,  // reads, then writes; another writes between: what was read no longer holds, or an update is lost
  kTwoVariables,  // reads one thing, then writes another; another writes the first between
  kDirtyRead,     // writes twice, the same or two members of one object; another reads between
  kTornRead,      // reads twice, likewise; another writes between
};
EnumNames<RaceShape> names_of(RaceShape);  // "check-then-act", ...

// What makes two of them the same race, in whatever run they are found.
struct RaceKey {
  RaceShape shape = RaceShape::kCheckThenAct;
  SourceLine first, second;
  std::string variable, second_variable;
  auto operator<=>(const RaceKey&) const = default;
};

// Two lines of the source, and all places of the code that they became.
struct RaceCandidate {
  RaceShape shape = RaceShape::kCheckThenAct;
  SourceLine first, second;
  std::vector<PlannedHold> holds;  // each a pair of places; kMostHolds of them at most
  std::vector<SourceLine> others;  // what another CPU may do between
  std::string variable;            // that it is about: "mailboxes[].has_mail"
  std::string second_variable;     // of the second access, where it is another one; "" otherwise
  std::string lock;                // under which all of it happens, so that nobody can come between; "": none
  std::uint64_t times = 0;         // that the two came one after the other on a CPU
  std::uint64_t conflicts = 0;     // accesses of other CPUs that could have come between
  double score = 0;                // the higher, the sooner it is tried
  bool atomic = false;             // the second access is atomic: one that comes between may be noticed
  RaceKey key() const { return {shape, first, second, variable, second_variable}; }
  bool interrupts = false;      // are on at both accesses: one of the same CPU may come between as well
  std::string to_text() const;  // "check-then-act on mailboxes[].has_mail"
};

// Most promising first. `all`: false where there is no room for more of them.
std::vector<RaceCandidate> find_candidates(const WatchedRun& run, bool* all = nullptr);

}  // namespace ktstr
