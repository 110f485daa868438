// SPDX-License-Identifier: Apache-2.0
#include "kernel_state/expression.h"

#include <cctype>

#include "base/text/whole_number.h"

namespace ktstr {

namespace {

constexpr std::size_t kLongest = 500;

bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text) {}

  Result<Expression> parse() {
    skip_blanks();
    while (!text_.empty() && text_.back() == ' ') text_.remove_suffix(1);
    Expression made;
    made.text = text_.substr(at_);
    if (text_.size() > kLongest) return wrong("it is too long");
    if (take("(")) KTSTR_TRY(parse_cast(made));
    made.of_bpf = take("bpf:");
    made.name = word();
    if (made.name.empty()) return wrong("a variable is missing");
    for (;;) {
      skip_blanks();
      if (at_ == text_.size()) break;
      KTSTR_TRY_ASSIGN(Expression::Step step, parse_step());
      made.steps.push_back(std::move(step));
    }
    if (made.name == "task" && !made.of_bpf &&
        (made.steps.empty() || made.steps.front().kind != Expression::Step::Kind::kIndex))
      return wrong("a task needs its pid: task[107]");
    return made;
  }

 private:
  Error wrong(std::string_view what) const {
    return Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not understood at '{}': {}", text_,
                                                          text_.substr(std::min(at_, text_.size())), what))
        .with_hint("as in runqueues[1].curr->comm, task[107].scx.slice, (scx_sched*)scx_root->exit_kind, bpf:nr_tasks");
  }

  Status parse_cast(Expression& made) {
    skip_blanks();
    if (take("struct ")) skip_blanks();
    made.cast = word();
    // "unsigned int", "long long".
    for (skip_blanks(); at_ < text_.size() && is_letter(text_[at_]); skip_blanks()) made.cast += " " + word();
    while (take("*")) {
      ++made.cast_pointers;
      skip_blanks();
    }
    if (made.cast.empty() || !take(")")) return wrong("a type is missing, as in (rq*)");
    skip_blanks();
    return ok();
  }

  Result<Expression::Step> parse_step() {
    using Kind = Expression::Step::Kind;
    if (take("[")) {
      skip_blanks();
      const auto index = parse_whole_number<std::uint64_t>(word(), 0, UINT32_MAX);
      skip_blanks();
      if (!index || !take("]")) return wrong("an index is a number up to 4294967295, as in [2]");
      return Expression::Step{.kind = Kind::kIndex, .name = {}, .index = *index};
    }
    Expression::Step step{.kind = take("->") ? Kind::kArrow : Kind::kMember, .name = {}};
    if (step.kind == Kind::kMember && !take(".")) return wrong("a member begins with . or ->");
    skip_blanks();
    step.name = word();
    if (step.name.empty()) return wrong("a member's name is missing");
    return step;
  }

  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view what) {
    if (text_.substr(at_, what.size()) != what) return false;
    at_ += what.size();
    return true;
  }
  std::string word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_letter(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Expression> Expression::parse(std::string_view text) { return ExpressionParser(text).parse(); }

}  // namespace ktstr
