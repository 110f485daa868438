// SPDX-License-Identifier: Apache-2.0
#include "payload/json_output.h"

#include <charconv>
#include <cmath>
#include <istream>
#include <nlohmann/json.hpp>
#include <optional>
#include <streambuf>

namespace ktstr {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostKeysNamed = 8;
constexpr std::string_view kSpace = " \t\r\n";

// A text as a stream whose position can be asked for: the parser takes no byte after the document's last.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
  std::size_t position() const { return static_cast<std::size_t>(gptr() - eback()); }
};

// Cheap, so that source code or a log full of brackets costs no parser's start for each.
bool may_begin_document(std::string_view text) {
  const std::size_t next = text.find_first_not_of(kSpace, 1);
  if (next == std::string_view::npos) return true;  // cut off right here
  if (text[0] == '{') return text[next] == '"' || text[next] == '}';
  return text[next] == '{' || text[next] == '[';
}

struct Attempt {
  bool complete = false;
  std::size_t consumed = 0;
};

Attempt try_parse(std::string_view text) {
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  try {
    Json json;
    stream >> json;
    return {true, buffer.position()};
  } catch (const Json::exception&) {  // no document, or one with a number beyond double
    return {false, buffer.position()};
  }
}

std::string keys_of(const Json& json) {
  if (json.is_array()) return fmt::format("an array of {}", json.size());
  if (!json.is_object()) return fmt::format("it is a {}", json.type_name());
  std::string list = "there: ";
  std::size_t named = 0;
  for (const auto& [key, value] : json.items()) {
    if (named == kMostKeysNamed) return list + ", ...";
    list += (named++ == 0 ? "" : ", ") + key;
  }
  return named == 0 ? "it is empty" : list;
}

// The deepest place that a path reached, for the message.
struct Reached {
  std::size_t depth = 0;
  std::string reason;
};

const Json* child(const Json& json, std::string_view key) {
  if (json.is_object()) {
    const auto found = json.find(std::string(key));
    return found == json.end() ? nullptr : &*found;
  }
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool is_index = error == std::errc{} && end == key.data() + key.size();
  return json.is_array() && is_index && index < json.size() ? &json[index] : nullptr;
}

// Keys may hold dots themselves (fio's percentiles: "99.000000"), so each way to cut the path is tried, the shortest
// key first.
const Json* walk(const Json& json, std::string_view path, std::size_t done, Reached& reached) {
  const std::string_view rest = path.substr(done);
  for (std::size_t end = rest.find('.');; end = rest.find('.', end + 1)) {
    const bool last = end == std::string_view::npos;
    if (const Json* next = child(json, rest.substr(0, end))) {
      if (last) return next;
      if (const Json* found = walk(*next, path, done + end + 1, reached)) return found;
    }
    if (last || !json.is_object()) break;
  }
  if (done >= reached.depth) {
    const std::string where = done == 0 ? "the output" : std::string(path.substr(0, done - 1));
    reached = {done, fmt::format("no '{}' in {}; {}", rest.substr(0, rest.find('.')), where, keys_of(json))};
  }
  return nullptr;
}

std::optional<double> number_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

struct Number {
  std::optional<double> value;
  std::string reason;
};

Number number_at(const Json& document, const std::string& path) {
  Reached reached;
  const Json* found = walk(document, path, 0, reached);
  if (found == nullptr) return {{}, reached.reason};
  std::optional<double> value;
  if (found->is_number()) value = found->get<double>();
  if (found->is_boolean()) value = found->get<bool>() ? 1 : 0;
  if (found->is_string()) value = number_in(found->get_ref<const std::string&>());
  if (value && std::isfinite(*value)) return {value, {}};
  std::string text = found->dump(-1, ' ', false, Json::error_handler_t::replace);
  if (found->is_structured()) text = fmt::format("an {}; {}", found->type_name(), keys_of(*found));
  return {{}, fmt::format("{} is not a number: {}", path, text)};
}

}  // namespace

Result<std::string_view> last_json_document(std::string_view text, bool may_end_cut_off) {
  std::optional<std::string_view> last;
  bool cut_off = false;
  for (std::size_t at = text.find_first_of("{["); at != std::string_view::npos; at = text.find_first_of("{[", at)) {
    const std::string_view rest = text.substr(at);
    if (!may_begin_document(rest)) {
      ++at;
      continue;
    }
    const Attempt attempt = try_parse(rest);
    if (attempt.complete) last = rest.substr(0, attempt.consumed);
    cut_off = !attempt.complete && attempt.consumed == rest.size();
    if (cut_off) break;
    // What failed, failed at its last byte, which may begin a document itself.
    at += attempt.complete ? attempt.consumed : std::max<std::size_t>(attempt.consumed, 2) - 1;
  }
  if (last && (!cut_off || may_end_cut_off)) return *last;
  if (cut_off) return fail(ErrorCode::kNotFound, "its output ends in the middle of the JSON document");
  return fail(ErrorCode::kNotFound, "its output holds no JSON document");
}

ExtractedMetrics extract_metrics(const std::vector<PayloadMetric>& metrics, std::string_view standard_output,
                                 std::string_view standard_error, bool killed) {
  ExtractedMetrics extracted;
  if (metrics.empty()) return extracted;
  auto document = last_json_document(standard_output, killed);
  if (!document) {
    auto other = last_json_document(standard_error, killed);
    if (other) document = std::move(other);
  }
  const Json json = document ? Json::parse(*document) : Json();
  for (const PayloadMetric& metric : metrics) {
    const Number number = document ? number_at(json, metric.path.empty() ? metric.name : metric.path)
                                   : Number{{}, document.error().message()};
    if (number.value)
      extracted.values.push_back({metric.name, *number.value, metric.polarity, metric.unit});
    else
      extracted.missing.push_back(fmt::format("{}: {}", metric.name, number.reason));
  }
  return extracted;
}

}  // namespace ktstr
