// SPDX-License-Identifier: Apache-2.0
#include "payload/json_output.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

double value(const std::string& path, std::string_view output) {
  const auto extracted = extract_metrics({{.name = "m", .path = path}}, output, "");
  if (extracted.values.size() == 1) return extracted.values[0].value;
  ADD_FAILURE() << path << " is missing: " << (extracted.missing.empty() ? "" : extracted.missing[0]);
  return -1;
}

std::string reason(const std::string& path, std::string_view output, std::string_view other = "") {
  const auto extracted = extract_metrics({{.name = "m", .path = path}}, output, other);
  EXPECT_THAT(extracted.values, IsEmpty());
  return extracted.missing.empty() ? "" : extracted.missing[0];
}

TEST(JsonOutput, FindsADocumentBehindABannerAndBeforeAFarewell) {
  EXPECT_EQ(*last_json_document("fio: note [1234] { x }\n{\"a\": 1}\ndone [ok] [7]\n"), "{\"a\": 1}");
  EXPECT_EQ(*last_json_document("progress [{\"a\": {\"b\": []}}] 100%"), "[{\"a\": {\"b\": []}}]");
}

TEST(JsonOutput, TakesTheLastCompleteDocument) {
  EXPECT_EQ(*last_json_document("{\"a\":1}\n{\"a\":2}\n{\"a\":"), "{\"a\":2}");
  EXPECT_EQ(*last_json_document("{\"a\":1}{\"a\":2}"), "{\"a\":2}");
}

TEST(JsonOutput, OfAProgramThatEndedByItselfIsNotTheDocumentBeforeTheOneThatIsCutOff) {
  const std::vector<PayloadMetric> metrics = {{.name = "m"}};
  const std::string_view cut = "{\"m\": 1}\n{\"m\": 2, \"more\": [";
  EXPECT_THAT(extract_metrics(metrics, cut, "").values, IsEmpty());
  EXPECT_EQ(extract_metrics(metrics, cut, "", true).values.size(), 1u) << "one that was killed could not go on";
}

TEST(JsonOutput, FindsADocumentThatBeginsWhereAnotherAttemptFailed) {
  EXPECT_EQ(*last_json_document("{\"a\"{\"b\": 1}"), "{\"b\": 1}");
  EXPECT_EQ(*last_json_document("[[x{\"b\": 1}"), "{\"b\": 1}");
}

TEST(JsonOutput, TellsAnOutputWithoutADocumentFromOneThatIsCutOff) {
  for (const char* text : {"", "no json", "{ not json }", "[1, 2]", "{\"a\": nan}"})
    EXPECT_THAT(last_json_document(text).error().message(), HasSubstr("holds no JSON")) << text;
  for (const char* text : {"{", "{\"a\": [1, 2", "banner\n[{\"a\": \"b"})
    EXPECT_THAT(last_json_document(text).error().message(), HasSubstr("ends in the middle")) << text;
}

TEST(JsonOutput, FollowsKeysAndIndices) {
  const char* output = R"({"jobs": [{"write": {"iops": 12.5}}, {"write": {"iops": 7}}], "n": -3})";
  EXPECT_EQ(value("jobs.0.write.iops", output), 12.5);
  EXPECT_EQ(value("jobs.1.write.iops", output), 7);
  EXPECT_EQ(value("n", output), -3);
  EXPECT_EQ(value("0.a", R"([{"a": 4}])"), 4);
}

TEST(JsonOutput, FollowsKeysThatHoldDots) {
  const char* output = R"({"clat": {"99.000000": 5, "99": {"x": 1}}, "a.b": {"c": 2}})";
  EXPECT_EQ(value("clat.99.000000", output), 5);
  EXPECT_EQ(value("clat.99.x", output), 1);
  EXPECT_EQ(value("a.b.c", output), 2);
}

TEST(JsonOutput, TakesNumbersInStringsAndBooleans) {
  EXPECT_EQ(value("s", R"({"s": "12.5"})"), 12.5);
  EXPECT_EQ(value("t", R"({"t": true})"), 1);
  EXPECT_EQ(value("f", R"({"f": false})"), 0);
  for (const char* text :
       {R"({"s": "12 ms"})", R"({"s": ""})", R"({"s": null})", R"({"s": "inf"})", R"({"s": {"a": 1}})"})
    EXPECT_THAT(reason("s", text), HasSubstr("m: s is not a number")) << text;
}

TEST(JsonOutput, SaysHowFarAPathLedAndWhatIsThere) {
  const char* output = R"({"jobs": [{"write": {"iops": 12.5, "bw": 1}}]})";
  EXPECT_EQ(reason("jobs.0.write.ipos", output), "m: no 'ipos' in jobs.0.write; there: iops, bw");
  EXPECT_EQ(reason("jobs.3.write", output), "m: no '3' in jobs; an array of 1");
  EXPECT_EQ(reason("job", output), "m: no 'job' in the output; there: jobs");
  EXPECT_EQ(reason("m", "nothing"), "m: its output holds no JSON document");
}

TEST(JsonOutput, LooksAtStandardErrorOnlyWhenStandardOutputHoldsNoDocument) {
  const auto other = extract_metrics({{.name = "a"}}, "starting", "{\"a\": 2}");
  ASSERT_EQ(other.values.size(), 1u);
  EXPECT_EQ(other.values[0].value, 2);
  EXPECT_THAT(reason("a", "{\"b\": 1}", "{\"a\": 2}"), HasSubstr("there: b"));
}

TEST(JsonOutput, GivesMetricsInTheOrderOfTheirDeclarationWithPolarityAndUnit) {
  const auto extracted =
      extract_metrics({{.name = "b", .polarity = Polarity::kHigher, .unit = "iops"}, {.name = "x"}, {.name = "a"}},
                      R"({"a":1,"b":2})", "");
  ASSERT_EQ(extracted.values.size(), 2u);
  EXPECT_EQ(extracted.values[0].name, "b");
  EXPECT_EQ(extracted.values[0].unit, "iops");
  EXPECT_EQ(extracted.values[0].polarity, Polarity::kHigher);
  EXPECT_THAT(extracted.missing, ElementsAre(HasSubstr("x: no 'x'")));
}

}  // namespace
}  // namespace ktstr
