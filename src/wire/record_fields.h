// SPDX-License-Identifier: Apache-2.0
//
// Put and Get: visitors over a record's fields, so that each record is described once (records.cpp). A type of ours
// gets an overload in both; a closed enum goes through limited().
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "ktstr/checks.h"
#include "ktstr/payload.h"
#include "ktstr/topology.h"
#include "ktstr/work.h"
#include "wire/records.h"

namespace ktstr {

// The fields of the public types that travel inside records. One list each, for both directions.
template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, TestTopology::Core>
void nested_fields(F& f, R& r) { f(r.threads); }

template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, TestTopology::Llc>
void nested_fields(F& f, R& r) {
  f(r.id);
  f(r.node);
  f(r.cpus);
  f(r.cores);
}

template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, TestTopology::Node>
void nested_fields(F& f, R& r) {
  f(r.id);
  f(r.cpus);
  f(r.distances);
}

template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, WorkerReport>
void nested_fields(F& f, R& r) {
  f(r.cgroup);
  f(r.index);
  f(r.group);
  f(r.pid);
  f(r.work_units);
  f(r.iterations);
  f(r.started_ns);
  f(r.cpu_time_ns);
  f(r.wall_time_ns);
  f(r.run_delay_ns);
  f(r.timeslices);
  f(r.max_gap_ns);
  f(r.max_gap_cpu);
  f(r.max_gap_at_ns);
  f(r.migrations);
  f(r.cpus_used);
  f(r.cpus_outside);
  f(r.sleep_ns);
  f(r.wakeups);
  f(r.wake_max_ns);
  f(r.wake_latencies_ns);
  f(r.responded);
  f(r.exit);
  f(r.gone);
  f(r.held_ns);
  f(r.sched_class);
  f(r.nice);
}

template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, Detail>
void nested_fields(F& f, R& r) {
  f.limited(r.verdict, Verdict::kFail);
  f.limited(r.kind, DetailKind::kNote);
  f(r.message);
  f(r.cgroup);
  f(r.worker);
  f(r.phase);
  f(r.measured);
  f(r.limit);
  f(r.unit);
}

template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, CgroupStats>
void nested_fields(F& f, R& r) {
  f(r.cgroup);
  f(r.phase);
  f(r.workers);
  f(r.cpuset);
  f(r.cpus_used);
  f(r.iterations);
  f(r.work_units);
  f(r.migrations);
  f(r.min_off_cpu_pct);
  f(r.max_off_cpu_pct);
  f(r.avg_off_cpu_pct);
  f(r.spread_pct);
  f(r.max_gap_ns);
  f(r.max_gap_cpu);
  f(r.cpu_time_ns);
  f(r.run_delay_ns);
  f(r.wakeups);
  f(r.wake_p50_ns);
  f(r.wake_p99_ns);
  f(r.wake_max_ns);
  f(r.sched_class);
  f(r.weight);
  f(r.share_pct);
  f(r.entitled_pct);
}

template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, PayloadValue>
void nested_fields(F& f, R& r) {
  f(r.name);
  f(r.value);
  f.limited(r.polarity, Polarity::kNeutral);
  f(r.unit);
}

template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, PayloadReport>
void nested_fields(F& f, R& r) {
  f(r.name);
  f(r.cgroup);
  f(r.phase);
  f(r.pid);
  f(r.killed);
  f(r.exit);
  f(r.exit_code);
  f(r.oom_killed);
  f(r.wall_time_ns);
  f(r.metrics);
  f(r.missing);
  f.tail(r.output_tail, kMaxOutputTailBytes);
}

template <typename F, typename R>
requires std::same_as<std::remove_const_t<R>, ProcsCapture>
void nested_fields(F& f, R& r) {
  f(r.tag);
  f(r.cgroup);
  f(r.phase);
  f(r.pids);
}

class Put {
 public:
  void operator()(const std::string& value) { out_.text(value); }
  // The last `most` bytes.
  void tail(const std::string& value, std::size_t most) {
    out_.text(std::string_view(value).substr(value.size() - std::min(value.size(), most)));
  }
  void mask(std::uint32_t value, std::size_t) { out_.u32(value); }
  void operator()(bool value) { out_.u8(value ? 1 : 0); }
  void operator()(int value) { out_.u32(static_cast<std::uint32_t>(value)); }
  void operator()(std::uint16_t value) { out_.u16(value); }
  void operator()(std::uint32_t value) { out_.u32(value); }
  void operator()(std::uint64_t value) { out_.u64(value); }
  void operator()(double value) { out_.f64(value); }
  void operator()(const CpuSet& value) { out_.text(value.to_string()); }
  template <typename T>
  void operator()(const std::vector<T>& values) {
    out_.u32(static_cast<std::uint32_t>(values.size()));
    for (const T& value : values) (*this)(value);
  }
  template <typename T>
  void operator()(const std::optional<T>& value) {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }
  template <typename T>
  requires std::is_class_v<T>
  void operator()(const T& value) { nested_fields(*this, value); }
  template <typename E>
  void limited(E value, E) {
    out_.u32(static_cast<std::uint32_t>(value));
  }
  ByteVector take() { return out_.take(); }

 private:
  ByteWriter out_;
};

// A record that takes more than this when it is decoded is refused: a set of 4096 CPUs is written in 6 bytes, and a
// record holds many of them.
constexpr Bytes kMaxDecodedBytes = Bytes{64} << 20;

// Whether a list of CPUs is written as CpuSet writes it: rising, without overlaps. What is not takes long to read.
bool is_rising_list(std::string_view list);

class Get {
 public:
  explicit Get(ByteSpan payload) : in_(payload) {}
  void operator()(std::string& value) {
    value = in_.text();
    weigh_text(value);
  }
  void tail(std::string& value, std::size_t most) {
    value = in_.text(most);
    weigh_text(value);
  }
  // The lowest `bits` bits.
  void mask(std::uint32_t& value, std::size_t bits) {
    value = in_.u32();
    bad_ |= std::uint64_t{value} >> bits != 0;
    weigh(0);
  }
  void operator()(bool& value) {
    const std::uint8_t byte = in_.u8();
    bad_ |= byte > 1;
    value = byte == 1;
    weigh(0);
  }
  void operator()(int& value) {
    value = static_cast<int>(in_.u32());
    weigh(0);
  }
  void operator()(std::uint16_t& value) {
    value = in_.u16();
    weigh(0);
  }
  void operator()(std::uint32_t& value) {
    value = in_.u32();
    weigh(0);
  }
  void operator()(std::uint64_t& value) {
    value = in_.u64();
    weigh(0);
  }
  void operator()(double& value) {
    value = in_.f64();
    weigh(0);
  }
  void operator()(CpuSet& value) {
    constexpr Bytes kNode = 48;  // of a std::set
    const std::string text = in_.text();
    bad_ |= !is_rising_list(text);
    if (bad_) return;
    auto parsed = CpuSet::parse(text);
    bad_ |= !parsed.has_value();
    if (parsed) value = *std::move(parsed);
    weigh(text.size() + kNode * value.size());
  }
  // Samples: there are many, and whoever keeps them counts them.
  void operator()(std::vector<std::uint64_t>& values) {
    const std::uint32_t count = in_.count(8);
    values.resize(count);
    for (std::uint64_t& value : values) value = in_.u64();
    weigh(0);
  }
  template <typename T>
  void operator()(std::vector<T>& values) {
    const std::uint32_t count = in_.count(4);  // no element of ours takes less
    values.clear();
    for (std::uint32_t i = 0; i < count && !in_.failed() && !bad_; ++i) {
      (*this)(values.emplace_back());
      weigh(sizeof(T));
    }
  }
  template <typename T>
  void operator()(std::optional<T>& value) {
    bool present = false;
    (*this)(present);
    if (present) (*this)(value.emplace());
  }
  template <typename T>
  requires std::is_class_v<T>
  void operator()(T& value) { nested_fields(*this, value); }
  template <typename E>
  void limited(E& value, E last) {
    const std::uint32_t number = in_.u32();
    bad_ |= number > static_cast<std::uint32_t>(last);
    value = bad_ ? E{} : static_cast<E>(number);
    weigh(0);
  }
  // What the record takes while a run is kept: its memory, and its part of result.json as a tree and as text. Without
  // vectors of samples.
  Bytes weight() const { return weight_; }
  Status finish(std::string_view what) const {
    if (weight_ > kMaxDecodedBytes)
      return fail(ErrorCode::kCorruptData, "{} takes more than {} when it is decoded", what,
                  format_bytes(kMaxDecodedBytes));
    if (bad_) return fail(ErrorCode::kCorruptData, "{} holds a value that its field cannot have", what);
    return in_.finish(what);
  }

 private:
  // A key with its value in the tree, and in the text.
  static constexpr Bytes kField = 100;
  // Control characters are six characters long in JSON.
  void weigh_text(const std::string& value) { weigh(8 * value.size()); }
  void weigh(Bytes bytes) {
    weight_ += kField + bytes;
    bad_ |= weight_ > kMaxDecodedBytes;
  }

  ByteReader in_;
  Bytes weight_ = 0;
  bool bad_ = false;
};

}  // namespace ktstr
