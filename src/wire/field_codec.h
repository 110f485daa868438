// SPDX-License-Identifier: Apache-2.0
//
// Put and Get: visitors over a list of fields (model/fields.h, records.cpp) that write it as bytes and read it back.
// The bytes hold no names: the order of the list is the format.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/enum_names.h"
#include "ktstr/topology.h"
#include "model/fields.h"

namespace ktstr {

class Put {
 public:
  template <typename T>
  void operator()(std::string_view, const T& value, auto...) {
    put(value);
  }
  void operator()(std::string_view, const std::string& value, Tail tail) {
    out_.text(std::string_view(value).substr(value.size() - std::min(value.size(), tail.most)));
  }
  ByteVector take() { return out_.take(); }

 private:
  void put(const std::string& value) { out_.text(value); }
  void put(bool value) { out_.u8(value ? 1 : 0); }
  void put(int value) { out_.u32(static_cast<std::uint32_t>(value)); }
  void put(std::uint16_t value) { out_.u16(value); }
  void put(std::uint32_t value) { out_.u32(value); }
  void put(std::uint64_t value) { out_.u64(value); }
  void put(double value) { out_.f64(value); }
  void put(const CpuSet& value) { out_.text(value.to_string()); }
  void put(const LatencyHistogram& times) {
    out_.u32(static_cast<std::uint32_t>(times.buckets.size()));
    for (const LatencyBucket& bucket : times.buckets) {
      out_.u64(bucket.from_ns);
      out_.u64(bucket.count);
    }
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    out_.u32(static_cast<std::uint32_t>(values.size()));
    for (const T& value : values) put(value);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <typename T>
  requires std::is_class_v<T>
  void put(const T& value) { fields(*this, value); }
  template <NamedEnum E>
  void put(E value) {
    out_.u32(static_cast<std::uint32_t>(value));
  }

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
  template <typename T>
  void operator()(std::string_view, T& value, auto...) {
    get(value);
  }
  void operator()(std::string_view, std::string& value, Tail tail) {
    value = in_.text(tail.most);
    weigh_text(value);
  }
  // What the record takes while a run is kept: its memory, and its part of result.json as a tree and as text.
  Bytes weight() const { return weight_; }
  Status finish(std::string_view what) const {
    if (weight_ > kMaxDecodedBytes)
      return fail(ErrorCode::kCorruptData, "{} takes more than {} when it is decoded", what,
                  format_bytes(kMaxDecodedBytes));
    if (bad_) return fail(ErrorCode::kCorruptData, "{} holds a value that its field cannot have", what);
    return in_.finish(what);
  }

 private:
  void get(std::string& value) {
    value = in_.text();
    weigh_text(value);
  }
  void get(bool& value) {
    const std::uint8_t byte = in_.u8();
    bad_ |= byte > 1;
    value = byte == 1;
    weigh(0);
  }
  void get(int& value) {
    value = static_cast<int>(in_.u32());
    weigh(0);
  }
  void get(std::uint16_t& value) {
    value = in_.u16();
    weigh(0);
  }
  void get(std::uint32_t& value) {
    value = in_.u32();
    weigh(0);
  }
  void get(std::uint64_t& value) {
    value = in_.u64();
    weigh(0);
  }
  void get(double& value) {
    value = in_.f64();
    weigh(0);
  }
  void get(CpuSet& value) {
    constexpr Bytes kNode = 48;  // of a std::set
    const std::string text = in_.text();
    bad_ |= !is_rising_list(text);
    if (bad_) return;
    auto parsed = CpuSet::parse(text);
    bad_ |= !parsed.has_value();
    if (parsed) value = *std::move(parsed);
    weigh(text.size() + kNode * value.size());
  }
  void get(LatencyHistogram& times) {
    const std::uint32_t count = in_.count(16);
    bad_ |= count > LatencyBucket::kInAll;
    if (bad_) return;
    times.buckets.resize(count);
    for (LatencyBucket& bucket : times.buckets) {
      bucket.from_ns = in_.u64();
      bucket.count = in_.u64();
    }
    bad_ |= !times.valid();
    weigh(Bytes{count} * kField);
  }
  template <typename T>
  void get(std::vector<T>& values) {
    const std::uint32_t count = in_.count(4);  // no element of ours takes less
    values.clear();
    for (std::uint32_t i = 0; i < count && !in_.failed() && !bad_; ++i) {
      get(values.emplace_back());
      weigh(sizeof(T));
    }
  }
  template <typename T>
  void get(std::optional<T>& value) {
    bool present = false;
    get(present);
    if (present) get(value.emplace());
  }
  template <typename T>
  requires std::is_class_v<T>
  void get(T& value) { fields(*this, value); }
  template <NamedEnum E>
  void get(E& value) {
    const std::uint32_t number = in_.u32();
    bad_ |= number > static_cast<std::uint32_t>(names_of(value).last());
    value = bad_ ? E{} : static_cast<E>(number);
    weigh(0);
  }

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
