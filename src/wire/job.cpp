// SPDX-License-Identifier: Apache-2.0
#include "wire/job.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "base/text/json_fault.h"
#include "model/fields.h"

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

template <typename V, typename T>
requires std::is_same_v<std::remove_const_t<T>, Job>
void fields(V& v, T& t) {
  fields(v, t.settings);
  v("body", t.body);
  v("scenario", t.scenario);
  v("scheduler", t.scheduler);
  v("limits", t.limits);
  v("traced", t.traced);
  v.if_any("probe_events", t.probe_events);
  v.if_any("writes", t.setup.writes);
  v.if_any("cgroups", t.setup.cgroups);
  v.if_any("staged", t.staged);
}

template <typename V, typename T>
requires std::is_same_v<std::remove_const_t<T>, AttachJob>
void fields(V& v, T& t) {
  v("scheduler", t.scheduler);
  v.if_any("staged", t.staged);
  v.if_any("copies", t.copies);
  v.if_any("writes", t.setup.writes);
  v.if_any("cgroups", t.setup.cgroups);
  v("topology", t.topology);
  v("limit_ms", t.limit);
}

template <typename T>
constexpr bool is_duration = false;
template <typename Rep, typename Period>
constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
template <typename T>
constexpr bool is_parsed = std::is_same_v<T, Topology> || std::is_same_v<T, VarySet>;
template <typename T>
constexpr bool has_fields = std::is_same_v<T, Checks> || std::is_same_v<T, PhaseLimits>;

class Writer {
 public:
  explicit Writer(Json& json) : json_(json) {}

  template <typename T>
  void operator()(const char* key, const T& value) {
    Json& json = json_[key];
    if constexpr (is_duration<T>) {
      json = value.count();
    } else if constexpr (is_parsed<T>) {
      json = value.to_string();
    } else if constexpr (has_fields<T>) {
      Writer inner(json);
      fields(inner, value);
    } else {
      json = value;
    }
  }
  // Not written where it is unset.
  template <typename T>
  void operator()(const char* key, const std::optional<T>& value) {
    if (value) (*this)(key, *value);
  }
  // What stored jobs of earlier versions may lack.
  template <typename T>
  void later(const char* key, const T& value) {
    (*this)(key, value);
  }
  template <typename T>
  void or_zero(const char* key, const std::optional<T>& value) {
    (*this)(key, value.value_or(T{}));
  }
  template <typename T>
  void if_any(const char* key, const T& values) {
    if (!values.empty()) (*this)(key, values);
  }

 private:
  Json& json_;
};

// json.get() would cut off a fraction, and what the type does not hold.
template <typename T>
Result<T> whole(const Json& value, const char* key) {
  const bool is_unsigned = value.is_number_unsigned();
  if (value.is_number_integer() && (is_unsigned ? std::in_range<T>(value.template get<std::uint64_t>())
                                                : std::in_range<T>(value.template get<std::int64_t>())))
    return value.template get<T>();
  return fail(ErrorCode::kCorruptData, "the job's {} is {}; accepted: a whole number from {} to {}", key,
              value.dump(-1, ' ', false, Json::error_handler_t::replace), std::numeric_limits<T>::min(),
              std::numeric_limits<T>::max());
}

class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  template <typename T>
  void operator()(const char* key, T& value) {
    if (status_) status_ = read(json_.at(key), key, value);
  }
  template <typename T>
  void operator()(const char* key, std::optional<T>& value) {
    if (json_.contains(key)) (*this)(key, value.emplace());
  }
  template <typename T>
  void later(const char* key, T& value) {
    if (json_.contains(key)) (*this)(key, value);
  }
  template <typename T>
  void or_zero(const char* key, std::optional<T>& value) {
    (*this)(key, value);
    if (value == T{}) value.reset();
  }
  template <typename T>
  void if_any(const char* key, T& values) {
    later(key, values);
  }
  const Status& status() const { return status_; }

 private:
  template <typename T>
  static Status read(const Json& json, const char* key, T& value) {
    if constexpr (is_duration<T>) {
      KTSTR_TRY_ASSIGN(const auto count, whole<std::int64_t>(json, key));
      value = T(count);
    } else if constexpr (is_parsed<T>) {
      KTSTR_TRY_ASSIGN(value, T::parse(json.get<std::string>()));
    } else if constexpr (has_fields<T>) {
      Reader inner(json);
      fields(inner, value);
      return inner.status();
    } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      KTSTR_TRY_ASSIGN(value, whole<T>(json, key));
    } else {
      value = json.get<T>();
    }
    return ok();
  }

  const Json& json_;
  Status status_ = ok();
};

// Text from the user may hold anything; what is no UTF-8 is replaced rather than thrown at us.
std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <typename T>
Result<T> parsed(std::string_view text, std::string_view what) {
  try {
    T job;
    const Json json = Json::parse(text);
    Reader reader(json);
    fields(reader, job);
    KTSTR_TRY(reader.status());
    return job;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorruptData, "the {} is malformed: {}", what, json_fault(error.id, error.what()));
  }
}

}  // namespace

std::string job_to_json(const Job& job) {
  Json json;
  // Where the keys of jobs have always stood, so that the same job has the same bytes.
  for (const char* key : {"test", "body", "scenario", "args", "scheduler", "payload_path"}) json[key];
  Writer writer(json);
  fields(writer, job);
  return dumped(json);
}

Result<Job> job_from_json(std::string_view text) { return parsed<Job>(text, "job"); }

std::string attach_job_to_json(const AttachJob& job) {
  Json json;
  Writer writer(json);
  fields(writer, job);
  return dumped(json);
}

Result<AttachJob> attach_job_from_json(std::string_view text) { return parsed<AttachJob>(text, "attach job"); }

}  // namespace ktstr
