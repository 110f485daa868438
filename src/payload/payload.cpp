// SPDX-License-Identifier: Apache-2.0
#include "ktstr/payload.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ktstr {

namespace {

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_long_flag(std::string_view flag) { return flag.size() > 2 && flag.starts_with("--"); }

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list.empty() ? "none" : list;
}

}  // namespace

std::string PayloadCheck::describe() const {
  switch (kind) {
    case Kind::kMin:
      return fmt::format("{} >= {}", metric, low);
    case Kind::kMax:
      return fmt::format("{} <= {}", metric, high);
    case Kind::kRange:
      return fmt::format("{} <= {} <= {}", low, metric, high);
    case Kind::kExists:
      return fmt::format("{} exists", metric);
    case Kind::kExitCode:
      return fmt::format("exit code {}", low);
  }
  return "";
}

Payload Payload::program(std::string name, std::string program) {
  return Payload(std::move(name), std::move(program), Kind::kBinary);
}
Payload Payload::scheduler(std::string name, std::string program) {
  return Payload(std::move(name), std::move(program), Kind::kScheduler);
}

void Payload::check_names() const {
  if (name_.empty())
    throw std::invalid_argument(fmt::format("a payload needs a name: that of the program '{}' is empty", program_));
  if (has_control_character(name_))
    throw std::invalid_argument("a payload's name holds a control character; ops and reports call it by that name");
  if (program_.empty())
    throw std::invalid_argument(fmt::format("payload '{}' names no program; give a path or a name in PATH", name_));
  if (has_control_character(program_))
    throw std::invalid_argument(fmt::format("the program of payload '{}' holds a control character", name_));
}

Payload& Payload::args(std::vector<std::string> args) {
  args_ = std::move(args);
  return *this;
}
Payload& Payload::known_flags(std::vector<std::string> flags) {
  known_flags_ = std::move(flags);
  return *this;
}
Payload& Payload::include(std::vector<std::string> files) {
  files_ = std::move(files);
  return *this;
}
Payload& Payload::file_limit(std::uint64_t bytes) {
  if (bytes == 0)
    throw std::invalid_argument(fmt::format("payload '{}': a file limit of 0 leaves no room for its output", name_));
  file_limit_ = bytes;
  return *this;
}
Payload& Payload::output(Output kind) {
  output_ = kind;
  return *this;
}
Payload& Payload::metric(PayloadMetric metric) {
  if (metric.name.empty()) throw std::invalid_argument(fmt::format("payload '{}': a metric has no name", name_));
  for (const PayloadMetric& other : metrics_)
    if (other.name == metric.name)
      throw std::invalid_argument(fmt::format("payload '{}' has two metrics '{}'", name_, metric.name));
  metrics_.push_back(std::move(metric));
  return *this;
}
Payload& Payload::check(PayloadCheck check) {
  checks_.push_back(std::move(check));
  return *this;
}

namespace {

Status validate_check(const Payload& payload, const PayloadCheck& check) {
  const auto refuse = [&](std::string_view why, std::string hint) {
    return fail(ErrorCode::kInvalidArgument, "payload '{}': the check \"{}\" {}", payload.name(), check.describe(), why)
        .with_hint(std::move(hint));
  };
  if (!std::isfinite(check.low) || !std::isfinite(check.high))
    return refuse("has a limit that is not a finite number",
                  "leave a side without a limit to PayloadCheck::min or ::max");
  if (check.kind == PayloadCheck::Kind::kRange && check.low > check.high)
    return refuse("can never hold", "give the lower limit first");
  if (check.kind == PayloadCheck::Kind::kExitCode) {
    if (check.low != std::floor(check.low) || check.low < 0 || check.low > 255)
      return refuse("can never hold", "an exit code is 0 to 255");
    return ok();
  }
  std::vector<std::string> names;
  for (const PayloadMetric& metric : payload.metrics()) names.push_back(metric.name);
  if (std::find(names.begin(), names.end(), check.metric) != names.end()) return ok();
  return refuse(fmt::format("is on the metric '{}', which is not declared; declared: {}", check.metric, joined(names)),
                fmt::format("declare it: .metric({{.name = \"{}\", .path = ...}})", check.metric));
}

// execve(2) takes no string of 32 pages or more (MAX_ARG_STRLEN), and all of them together with the environment within
// a quarter of the stack's limit of 8 MiB, of which a part is left for the environment and the pointers.
constexpr std::size_t kLongestArgument = (std::size_t{128} << 10) - 1;
constexpr std::size_t kMostArguments = (std::size_t{2} << 20) - (std::size_t{256} << 10);

Status check_size(const Payload& payload, const std::vector<std::string>& more) {
  std::size_t all = 0;
  for (const auto* args : {&payload.default_args(), &more})
    for (const std::string& arg : *args) {
      all += arg.size() + 1 + sizeof(char*);
      if (arg.size() > kLongestArgument)
        return fail(ErrorCode::kInvalidArgument, "payload '{}': the argument '{}...' has {} bytes; at most {}",
                    payload.name(), arg.substr(0, 20), arg.size(), kLongestArgument)
            .with_hint("write it into an included file");
    }
  if (all <= kMostArguments) return ok();
  return fail(ErrorCode::kInvalidArgument, "payload '{}': its arguments have {} bytes together; at most {}",
              payload.name(), all, kMostArguments)
      .with_hint("write them into an included file");
}

Status refuse_nul(const Payload& payload, const std::vector<std::string>& args) {
  for (const std::string& arg : args)
    if (arg.find('\0') != std::string::npos)
      return fail(ErrorCode::kInvalidArgument, "payload '{}': the argument '{}' holds a NUL byte", payload.name(),
                  arg.c_str())
          .with_hint("no program can be given one; write the bytes into an included file");
  return ok();
}

}  // namespace

Status Payload::validate() const {
  if (!metrics_.empty() && output_ != Output::kJson)
    return fail(ErrorCode::kInvalidArgument, "payload '{}' has metrics, and its output is not read", name_)
        .with_hint("add .output(Payload::Output::kJson), and let the program write JSON");
  for (const PayloadCheck& check : checks_) KTSTR_TRY(validate_check(*this, check));
  for (const std::string& flag : known_flags_.value_or(std::vector<std::string>{}))
    if (!is_long_flag(flag) || flag.find('=') != std::string::npos)
      return fail(ErrorCode::kInvalidArgument, "payload '{}': the known flag '{}' is not a long flag", name_, flag)
          .with_hint("write it as on the command line and without a value: \"--runtime\"");
  for (const std::string& file : files_)
    if (file.empty()) return fail(ErrorCode::kInvalidArgument, "payload '{}' includes a file without a name", name_);
  KTSTR_TRY(check_size(*this, {}));
  return refuse_nul(*this, args_);
}

Status Payload::check_args(const std::vector<std::string>& args) const {
  KTSTR_TRY(refuse_nul(*this, args));
  KTSTR_TRY(check_size(*this, args));
  if (!known_flags_) return ok();
  for (const std::string& arg : args) {
    if (!is_long_flag(arg)) continue;
    const std::string flag = arg.substr(0, arg.find('='));
    if (std::find(known_flags_->begin(), known_flags_->end(), flag) == known_flags_->end())
      return fail(ErrorCode::kInvalidArgument, "payload '{}' does not know the flag {} (argument '{}'); it knows: {}",
                  name_, flag, arg, joined(*known_flags_))
          .with_hint("correct the argument, or add the flag to the payload's known_flags");
  }
  return ok();
}

}  // namespace ktstr
