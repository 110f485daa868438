// SPDX-License-Identifier: Apache-2.0
//
// Kinds of events of a run whose memory is watched: what the code of a BPF scheduler touches, what that code and that
// memory are called, which locks were held meanwhile, and which vCPU was held where.
#pragma once

#include <cstdint>

#include "model/fields.h"
#include "trace/trace_event.h"

namespace ktstr::trace {

// A function of the BPF scheduler, or of the kernel where that is watched.
struct FunctionSeen {
  static constexpr TraceKind kKind = TraceKind::kFunctionSeen;
  std::uint64_t start = 0, end = 0;  // of its code
  TraceText<14> name;                // in its source
};

// A line of its source, as far as the text fits.
struct BpfLineSeen {
  static constexpr TraceKind kKind = TraceKind::kBpfLineSeen;
  std::uint64_t start = 0;  // of its code, which ends where the next begins
  std::uint32_t line = 0;
  TraceText<3> file;  // the end of its path
  TraceText<11> text;
};

// A global variable, of the kernel too, or a map whose values lie side by side.
struct DataSeen {
  static constexpr TraceKind kKind = TraceKind::kDataSeen;
  std::uint32_t number = 0;
  std::uint64_t start = 0, bytes = 0;
  std::uint64_t element = 0;  // bytes of one of its elements; 0: it is none of several
  TraceText<12> name;
};
// A member of it, or of each of its elements; one that lies in another has a name such as "a.b".
struct MemberSeen {
  static constexpr TraceKind kKind = TraceKind::kMemberSeen;
  std::uint32_t of = 0;  // DataSeen::number
  std::uint32_t offset = 0, bytes = 0;
  TraceText<13> name;
};

// Watched code touches memory that is no stack.
struct Access {
  static constexpr TraceKind kKind = TraceKind::kAccess;
  std::uint64_t place = 0;  // of the instruction
  std::uint64_t address = 0;
  std::uint32_t how = 0;  // as control::kStore and the following have it
};

// A vCPU is held, or goes on.
struct Held {
  static constexpr TraceKind kKind = TraceKind::kHeld;
  std::uint32_t hold = 0;
  std::uint32_t change = 0;   // control::HoldChange
  std::uint32_t vcpu = 0;     // that is held
  std::uint64_t place = 0;    // that it is held before; of the instruction that ends it
  std::uint64_t address = 0;  // of the memory that is waited for
  std::uint32_t times = 0;    // how often a CPU had come to that place so, with this time
};

// A function of the kernel that takes or releases a spinlock: what is known at its beginning, or at its end.
struct LockUse {
  static constexpr TraceKind kKind = TraceKind::kLockUse;
  static constexpr std::uint32_t kWanted = 1, kTaken = 2, kTakenIfZero = 3, kTakenUnlessZero = 4, kReleased = 5;
  std::uint32_t function = 0;  // a number of it
  std::uint32_t change = 0;    // kWanted and kReleased at its beginning; of its end, what its result means
  std::uint64_t value = 0;     // at the beginning the lock's address, at the end the result
  std::uint64_t left = 0;      // at the end: 0 where it returns, else where it goes on, as control::Register::kLeft
};

template <typename V, FieldsOf<FunctionSeen> T>
void fields(V& v, T& t) {
  v("start", t.start);
  v("end", t.end);
  v("name", t.name);
}
template <typename V, FieldsOf<BpfLineSeen> T>
void fields(V& v, T& t) {
  v("start", t.start);
  v("line", t.line);
  v("file", t.file);
  v("text", t.text);
}
template <typename V, FieldsOf<DataSeen> T>
void fields(V& v, T& t) {
  v("number", t.number);
  v("start", t.start);
  v("bytes", t.bytes);
  v("element", t.element);
  v("name", t.name);
}
template <typename V, FieldsOf<MemberSeen> T>
void fields(V& v, T& t) {
  v("of", t.of);
  v("offset", t.offset);
  v("bytes", t.bytes);
  v("name", t.name);
}
template <typename V, FieldsOf<Access> T>
void fields(V& v, T& t) {
  v("place", t.place);
  v("address", t.address);
  v("how", t.how);
}
template <typename V, FieldsOf<LockUse> T>
void fields(V& v, T& t) {
  v("function", t.function);
  v("change", t.change);
  v("value", t.value);
  v("left", t.left);
}
template <typename V, FieldsOf<Held> T>
void fields(V& v, T& t) {
  v("hold", t.hold);
  v("change", t.change);
  v("vcpu", t.vcpu);
  v("place", t.place);
  v("address", t.address);
  v("times", t.times);
}

}  // namespace ktstr::trace
