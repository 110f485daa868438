// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/expect_table.h"

#include <fmt/format.h>

#include "model/names.h"

namespace ktstr {

namespace {

constexpr std::string_view kAcceptedExpect =
    "a kind of failure like \"stuck\", or { kind = \"stuck\", text = \"cg_0\" }";

ExpectedFailure checked(ExpectedFailure expected, SourcePosition at, Mistakes& mistakes) {
  if (expected.kind.empty()) {
    mistakes.add(at, fmt::format("expect has no kind; accepted: {}", kAcceptedExpect));
    return {};
  }
  if (!enum_from<DetailKind>(expected.kind)) {
    std::vector<std::string_view> kinds;
    const auto names = names_of(DetailKind{});
    for (const auto& row : names) kinds.push_back(row.text);
    const std::string meant = did_you_mean(expected.kind, kinds);
    mistakes.add(at, fmt::format("'{}' is not a kind of failure{}{}", expected.kind, meant.empty() ? "" : ";", meant));
    return {};
  }
  if (const Status valid = expected.validate(); !valid) {
    mistakes.add(at, in_one_line(valid.error()));
    return {};
  }
  return expected;
}

}  // namespace

ExpectedFailure read_expect(TableReader& top) {
  using Kind = TomlValue::Kind;
  const TomlValue* value = top.find("expect");
  if (value == nullptr) return {};
  if (value->kind == Kind::kString) return checked(value->text, value->at, top.mistakes());
  if (value->kind != Kind::kTable) {
    top.refuse_kind("expect", *value, kAcceptedExpect);
    return {};
  }
  TableReader table(*value, "expect", top.mistakes());
  ExpectedFailure expected(table.text("kind", "a kind of failure like \"stuck\"").value_or(""));
  expected.text = table.text("text", "a text that is in what was said of it").value_or("");
  expected.pattern = table.text("pattern", "a regular expression").value_or("");
  for (const char* key : {"text", "pattern"})
    if (const TomlValue* words = table.find(key);
        words != nullptr && words->kind == Kind::kString && words->text.empty())
      table.mistake(key, fmt::format("'{}' is empty, which is in everything; leave it out", key));
  table.finish();
  const bool broken = table.has("kind") && expected.kind.empty();  // of another type, which was said
  return broken ? ExpectedFailure() : checked(std::move(expected), value->at, top.mistakes());
}

}  // namespace ktstr
