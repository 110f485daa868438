// SPDX-License-Identifier: Apache-2.0
//
// What places in a BPF scheduler's code and addresses of its data are called, out of the trace of a run whose memory
// was watched.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trace/events.h"
#include "trace/probes/holds.h"

namespace ktstr {

struct SourceLine {
  std::string file;
  std::uint32_t line = 0;  // 0: not known
  std::string text;
  bool operator==(const SourceLine&) const = default;
  auto operator<=>(const SourceLine&) const = default;
};
std::string to_text(const SourceLine& line);  // "scx.bpf.c:120: if (box->has_mail)"; the text without a line; "?"

inline constexpr const char* kNoName = "memory without a name";

class SourceNames {
 public:
  // Of all that is seen when a run begins.
  void follow(const TraceEvent& event);

  // Empty: no function of the scheduler is there.
  std::optional<CodePlace> place(std::uint64_t address) const;
  SourceLine line(std::uint64_t address) const;
  std::uint64_t address(const CodePlace& place) const;  // 0: there is no such function
  // "nr_queued"; of all elements of an array the same: "mailboxes[].has_mail"; kNoName.
  std::string data(std::uint64_t address) const;
  // Where the variable, or the element of an array, that it is a part of begins; 0: it has no name, or is part of
  // something large.
  std::uint64_t object(std::uint64_t address) const;

 private:
  struct Function {
    std::uint64_t end = 0;
    std::string name;
  };
  struct Member {
    std::uint64_t offset = 0, bytes = 0;
    std::string name;
  };
  struct Data {
    std::uint64_t bytes = 0, element = 0;
    std::string name;
    std::uint32_t number = 0;
  };

  void forget(std::uint64_t start, std::uint64_t bytes);

  std::map<std::uint64_t, Function> functions_;  // by their beginnings, as the others
  std::map<std::uint64_t, SourceLine> lines_;
  std::map<std::uint64_t, Data> data_;
  std::map<std::uint32_t, std::vector<Member>> members_;
};

}  // namespace ktstr
