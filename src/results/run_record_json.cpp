// SPDX-License-Identifier: Apache-2.0
#include "results/run_record_json.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "base/file.h"
#include "base/text/json_fault.h"
#include "model/names.h"
#include "results/run_record_fields.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

constexpr Bytes kMostBytes = Bytes{256} << 20;

class Writer {
 public:
  template <typename T>
  void operator()(const char* key, const T& value, auto...) {
    json_[key] = written(value);
  }

  template <typename T>
  static Json written(const T& value) {
    if constexpr (std::is_same_v<T, CpuSet>) {
      return value.to_string();
    } else if constexpr (std::is_enum_v<T>) {
      return to_string(value);
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string> ||
                         std::is_same_v<T, std::map<std::string, std::string>>) {
      return value;
    } else {
      Writer inner;
      fields(inner, value);
      return std::move(inner.json_);
    }
  }
  template <typename T>
  static Json written(const std::optional<T>& value) {
    return value ? written(*value) : Json();
  }
  // [[from_ns, count], ...]
  static Json written(const LatencyHistogram& times) {
    Json list = Json::array();
    for (const LatencyBucket& bucket : times.buckets) list.push_back({bucket.from_ns, bucket.count});
    return list;
  }
  template <typename T>
  static Json written(const std::vector<T>& values) {
    Json list = Json::array();
    for (const T& value : values) list.push_back(written(value));
    return list;
  }

 private:
  Json json_ = Json::object();
};

Json record_json(const RunRecord& record) {
  Json json = Writer::written(record);
  json["exit_code"] = exit_code(record.outcome);
  return json;
}

std::string dumped(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

// Keeps the first error; once there is one, nothing else is read.
struct Failure {
  std::optional<Error> error;
  void set(const std::string& path, std::string_view wanted) {
    if (!error) error = fail(ErrorCode::kCorruptData, "{} is not {}", path.empty() ? "the record" : path, wanted);
  }
};

class Reader {
 public:
  Reader(const Json& json, std::string path, Failure& failure)
      : json_(json), path_(std::move(path)), failure_(failure) {
    if (!json_.is_object()) failure_.set(path_, "an object");
  }

  template <typename T, typename... Notes>
  void operator()(const char* key, T& value, Notes...) {
    if (failure_.error) return;
    const std::string path = path_.empty() ? key : path_ + "." + key;
    const auto found = json_.find(key);
    constexpr bool kAddedLater = (std::is_same_v<Notes, Later> || ...);
    if (found == json_.end() && kAddedLater) return;
    if (found == json_.end())
      failure_.error = fail(ErrorCode::kCorruptData, "{} is missing", path);
    else
      read(*found, path, value);
  }

  template <typename T>
  void read(const Json& json, const std::string& path, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      if (json.is_boolean())
        value = json.get<bool>();
      else
        failure_.set(path, "true or false");
    } else if constexpr (std::is_integral_v<T>) {
      read_integer(json, path, value);
    } else if constexpr (std::is_floating_point_v<T>) {
      if (json.is_number())
        value = json.get<T>();
      else if (json.is_null())
        value = std::numeric_limits<T>::quiet_NaN();  // how JSON writes a number that is none
      else
        failure_.set(path, "a number");
    } else if constexpr (std::is_enum_v<T>) {
      read_enum(json, path, value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (json.is_string())
        value = json.get<std::string>();
      else
        failure_.set(path, "a text");
    } else if constexpr (std::is_same_v<T, CpuSet>) {
      const auto parsed = CpuSet::parse(json.is_string() ? json.get<std::string>() : "?");
      if (parsed)
        value = *parsed;
      else
        failure_.set(path, "a list of CPUs");
    } else {
      Reader inner(json, path, failure_);
      if (!failure_.error) fields(inner, value);
    }
  }
  template <typename T>
  void read(const Json& json, const std::string& path, std::optional<T>& value) {
    value.reset();
    if (!json.is_null()) read(json, path, value.emplace());
  }
  template <typename T>
  void read(const Json& json, const std::string& path, std::vector<T>& values) {
    if (!json.is_array()) return failure_.set(path, "a list");
    values.resize(json.size());
    for (std::size_t i = 0; i < json.size() && !failure_.error; ++i)
      read(json[i], fmt::format("{}[{}]", path, i), values[i]);
  }
  void read(const Json& json, const std::string& path, LatencyHistogram& times) {
    std::vector<std::vector<std::uint64_t>> pairs;
    read(json, path, pairs);
    for (const auto& pair : pairs) {
      if (pair.size() != 2) return failure_.set(path, "a list of pairs, the latency and how often");
      times.buckets.push_back({pair[0], pair[1]});
    }
    if (!times.valid()) failure_.set(path, "a histogram of latencies");
  }
  void read(const Json& json, const std::string& path, std::map<std::string, std::string>& values) {
    if (!json.is_object()) return failure_.set(path, "an object");
    for (const auto& [key, value] : json.items()) read(value, fmt::format("{}.{}", path, key), values[key]);
  }

 private:
  template <typename T>
  void read_integer(const Json& json, const std::string& path, T& value) {
    if constexpr (std::is_unsigned_v<T>) {
      const bool fits = json.is_number_unsigned() && json.get<std::uint64_t>() <= std::numeric_limits<T>::max();
      if (fits) value = json.get<T>();
      if (!fits) failure_.set(path, "an unsigned integer in range");
    } else {
      // nlohmann's is_number_unsigned() is an integer that is not negative; one above INT64_MAX would wrap.
      const bool fits = json.is_number_integer() &&
                        (!json.is_number_unsigned() ||
                         json.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<T>::max())) &&
                        json.get<std::int64_t>() >= std::numeric_limits<T>::min();
      if (fits) value = json.get<T>();
      if (!fits) failure_.set(path, "an integer in range");
    }
  }

  template <typename T>
  void read_enum(const Json& json, const std::string& path, T& value) {
    const std::optional<T> parsed = enum_from<T>(json.is_string() ? json.get<std::string>() : "");
    if (parsed)
      value = *parsed;
    else
      failure_.set(path, "one of its known texts");
  }

  const Json& json_;
  std::string path_;
  Failure& failure_;
};

Result<Json> parsed(std::string_view text) {
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorruptData, "{}", json_fault(error.id, error.what()));
  }
}

}  // namespace

std::string to_json_line(const RunRecord& record) {
  return record_json(record).dump(-1, ' ', false, Json::error_handler_t::replace);
}
std::string to_json(const RunRecord& record) { return dumped(record_json(record)); }

std::string to_json(const std::vector<RunRecord>& records) { return to_json(records, digests_equal(records)); }

std::string to_json(const std::vector<RunRecord>& records, bool digests_equal) {
  Json runs = Json::array();
  for (const RunRecord& record : records) runs.push_back(record_json(record));
  return dumped({{"runs", std::move(runs)}, {"digests_equal", digests_equal}});
}

Result<RunRecord> from_json(std::string_view text) {
  KTSTR_TRY_ASSIGN(const Json json, parsed(text));
  Failure failure;
  int version = 0;
  Reader(json, "", failure)("version", version);
  if (!failure.error && version != kRunRecordVersion)
    return fail(ErrorCode::kUnsupported, "run record version {}; this ktstr reads version {}", version,
                kRunRecordVersion)
        .with_hint("read it with the ktstr that wrote it");
  RunRecord record;
  Reader reader(json, "", failure);
  fields(reader, record);
  if (failure.error) return *std::move(failure.error);
  return record;
}

std::string to_json(const RunTuple& tuple) { return dumped(Writer::written(tuple)); }

Result<RunTuple> tuple_from_json(std::string_view text) {
  KTSTR_TRY_ASSIGN(const Json json, parsed(text));
  Failure failure;
  RunTuple tuple;
  Reader reader(json, "tuple", failure);
  if (!failure.error) fields(reader, tuple);
  if (failure.error) return *std::move(failure.error);
  return tuple;
}

Status store_run_record(const RunRecord& record, const fs::path& run_dir) {
  return write_atomically(run_dir / "result.json", as_byte_span(to_json(record))).context("store the run's record");
}

Result<RunRecord> load_run_record(const fs::path& path) {
  std::error_code error;
  const fs::path file = fs::is_directory(path, error) ? path / "result.json" : path;
  KTSTR_TRY_ASSIGN(const std::string text, read_text(file, kMostBytes).context("load a run's record"));
  return from_json(text).context(file.string());
}

}  // namespace ktstr
