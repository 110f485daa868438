// SPDX-License-Identifier: Apache-2.0
//
// For tests: the formats of a kernel's events and parts of a ring with such events, as a kernel makes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace ktstr {

// Of Linux 6.12, but for the numbers.
inline std::string made_format(std::string_view name, int id, std::string_view fields, std::string_view print = "") {
  return "name: " + std::string(name) + "\nID: " + std::to_string(id) +
         "\nformat:\n"
         "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
         "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
         "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
         "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n" +
         std::string(fields) + "\nprint fmt: " + std::string(print) + "\n";
}

inline std::string header_page_format() {
  return "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
         "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
         "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
         "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
}

constexpr int kSwitchId = 316, kWakeupId = 318, kMigrateId = 320, kNewTaskId = 140, kRenameId = 139, kExitId = 326;
constexpr int kMoveId = 470, kMkdirId = 471;

inline std::string switch_format() {
  return made_format("sched_switch", kSwitchId,
                     "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
                     "\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
                     "\tfield:int prev_prio;\toffset:28;\tsize:4;\tsigned:1;\n"
                     "\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n"
                     "\tfield:char next_comm[16];\toffset:40;\tsize:16;\tsigned:0;\n"
                     "\tfield:pid_t next_pid;\toffset:56;\tsize:4;\tsigned:1;\n"
                     "\tfield:int next_prio;\toffset:60;\tsize:4;\tsigned:1;\n",
                     "\"prev_comm=%s\", REC->prev_comm, (REC->prev_state & ((((0x00000000 | 0x00000001) + 1) << 1) - "
                     "1)) ? __print_flags(REC->prev_state, \"|\", { 0x00000001, \"S\" }, { 0x00000002, \"D\" }, { "
                     "0x00000004, \"T\" }, { 0x00000008, \"t\" }, { 0x00000010, \"X\" }, { 0x00000020, \"Z\" }, { "
                     "0x00000040, \"P\" }, { 0x00000080, \"I\" }) : \"R\"");
}
inline std::string wakeup_format() {
  return made_format("sched_wakeup", kWakeupId,
                     "\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
                     "\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n"
                     "\tfield:int prio;\toffset:28;\tsize:4;\tsigned:1;\n"
                     "\tfield:int target_cpu;\toffset:32;\tsize:4;\tsigned:1;\n");
}
inline std::string migrate_format() {
  return made_format("sched_migrate_task", kMigrateId,
                     "\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
                     "\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n"
                     "\tfield:int prio;\toffset:28;\tsize:4;\tsigned:1;\n"
                     "\tfield:int orig_cpu;\toffset:32;\tsize:4;\tsigned:1;\n"
                     "\tfield:int dest_cpu;\toffset:36;\tsize:4;\tsigned:1;\n");
}
inline std::string new_task_format() {
  return made_format("task_newtask", kNewTaskId,
                     "\tfield:pid_t pid;\toffset:8;\tsize:4;\tsigned:1;\n"
                     "\tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;\n"
                     "\tfield:u64 clone_flags;\toffset:32;\tsize:8;\tsigned:0;\n"
                     "\tfield:short oom_score_adj;\toffset:40;\tsize:2;\tsigned:1;\n");
}
inline std::string move_format() {
  return made_format("cgroup_attach_task", kMoveId,
                     "\tfield:int dst_root;\toffset:8;\tsize:4;\tsigned:1;\n"
                     "\tfield:int dst_level;\toffset:12;\tsize:4;\tsigned:1;\n"
                     "\tfield:u64 dst_id;\toffset:16;\tsize:8;\tsigned:0;\n"
                     "\tfield:int pid;\toffset:24;\tsize:4;\tsigned:1;\n"
                     "\tfield:__data_loc char[] dst_path;\toffset:28;\tsize:4;\tsigned:0;\n"
                     "\tfield:__data_loc char[] comm;\toffset:32;\tsize:4;\tsigned:0;\n");
}

// The bytes of an event, field by field.
class MadeEvent {
 public:
  explicit MadeEvent(int id, std::int32_t current = 0) {
    out_.u16(static_cast<std::uint16_t>(id));
    out_.u16(0);
    number32(current);
  }
  MadeEvent& number32(std::int64_t value) {
    out_.u32(static_cast<std::uint32_t>(value));
    return *this;
  }
  MadeEvent& number64(std::uint64_t value) {
    out_.u64(value);
    return *this;
  }
  MadeEvent& text(std::string_view text, std::size_t size = 16) {
    std::string padded(text);
    padded.resize(size);
    out_.raw(as_byte_span(padded));
    return *this;
  }
  ByteVector bytes() const {
    ByteVector bytes = out_.bytes();
    bytes.resize((bytes.size() + 3) / 4 * 4);
    return bytes;
  }

 private:
  ByteWriter out_;
};

inline ByteVector switch_event(std::string_view prev_comm, int prev, std::uint64_t state, std::string_view next_comm,
                               int next, int next_prio = 120) {
  return MadeEvent(kSwitchId, prev)
      .text(prev_comm)
      .number32(prev)
      .number32(120)
      .number64(state)
      .text(next_comm)
      .number32(next)
      .number32(next_prio)
      .bytes();
}
inline ByteVector wakeup_event(std::string_view comm, int pid, int target, int prio = 120) {
  return MadeEvent(kWakeupId).text(comm).number32(pid).number32(prio).number32(target).bytes();
}

// A part of a ring.
class MadePart {
 public:
  explicit MadePart(std::uint64_t begin_ns) : begin_ns_(begin_ns) {}
  MadePart& word(std::uint32_t word) {
    out_.u32(word);
    return *this;
  }
  MadePart& raw(ByteSpan bytes) {
    out_.raw(bytes);
    return *this;
  }
  MadePart& event(std::uint32_t after_ns, const ByteVector& bytes) {
    if (bytes.size() / 4 > 28) return word(after_ns << 5).word(static_cast<std::uint32_t>(bytes.size()) + 4).raw(bytes);
    return word(after_ns << 5 | static_cast<std::uint32_t>(bytes.size() / 4)).raw(bytes);
  }
  // Before it events are missing; 0: the kernel does not say how many.
  ByteVector bytes(std::optional<std::uint64_t> missing = {}) const {
    ByteWriter all;
    all.u64(begin_ns_);
    const std::uint64_t flags = !missing ? 0 : *missing == 0 ? 1ULL << 31 : 3ULL << 30;
    all.u64(out_.bytes().size() | flags);
    all.raw(out_.bytes());
    if (missing.value_or(0) > 0) all.u64(*missing);
    return all.take();
  }

 private:
  std::uint64_t begin_ns_;
  ByteWriter out_;
};

// As they travel: a length before each.
inline ByteVector made_pages(const std::vector<ByteVector>& parts) {
  ByteWriter out;
  for (const ByteVector& part : parts) {
    out.u32(static_cast<std::uint32_t>(part.size()));
    out.raw(part);
  }
  return out.take();
}

}  // namespace ktstr
