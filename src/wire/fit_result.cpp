// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "wire/records.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostText = 1024;
constexpr std::size_t kMostDetails = 20;  // with kMostText each, they and the rest fit into any limit that is asked for

void cut(std::string& text) {
  if (text.size() <= kMostText) return;
  text.resize(kMostText);
  text += "...";
}

class Fit {
 public:
  Fit(ResultRecord& record, std::size_t limit) : record_(record), limit_(limit) {}

  void run() {
    AssertResult& result = record_.result;
    if (fits()) return;
    if (!result.payloads.empty()) {
      for (PayloadReport& payload : result.payloads) payload.output_tail.clear();
      say(Verdict::kPass, DetailKind::kNote, "the payloads' output is left out of it");
    }
    leave_out(result.captures, "captures");
    leave_out(result.cgroups, "rows of cgroups");
    leave_out(result.payloads, "reports of payloads");
    if (!fits()) keep_the_worst();
  }

 private:
  bool fits() const { return encode(record_).size() <= limit_; }

  void say(Verdict verdict, DetailKind kind, const std::string& what) {
    record_.result.details.push_back(
        {.verdict = verdict, .kind = kind, .message = "the result was too large to be sent whole: " + what});
  }
  void say_lost(const std::string& what) { say(Verdict::kInconclusive, DetailKind::kLostEvidence, what); }

  template <typename T>
  void leave_out(std::vector<T>& parts, std::string_view what) {
    if (parts.empty() || fits()) return;
    say_lost(fmt::format("its {} {} are left out", parts.size(), what));
    parts.clear();
  }

  void keep_the_worst() {
    AssertResult& result = record_.result;
    const std::size_t details = result.details.size(), checked = result.checked.size();
    std::stable_sort(result.details.begin(), result.details.end(),
                     [](const Detail& a, const Detail& b) { return a.verdict > b.verdict; });
    result.details.resize(std::min(details, kMostDetails));
    for (Detail& detail : result.details)
      for (std::string* text : {&detail.message, &detail.cgroup, &detail.unit}) cut(*text);
    result.checked.clear();
    cut(record_.error);
    cut(record_.error_hint);
    say_lost(fmt::format("{} of its {} details are left, cut short, and none of its {} lines about what was checked",
                         result.details.size(), details, checked));
  }

  ResultRecord& record_;
  std::size_t limit_;
};

}  // namespace

void fit_into_record(ResultRecord& record, std::size_t limit) { Fit(record, limit).run(); }

}  // namespace ktstr
