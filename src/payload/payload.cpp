// SPDX-License-Identifier: Apache-2.0
#include "ktstr/payload.h"

namespace ktstr {

std::string PayloadCheck::describe() const {
  switch (kind) {
    case Kind::kMin: return fmt::format("{} >= {}", metric, low);
    case Kind::kMax: return fmt::format("{} <= {}", metric, high);
    case Kind::kRange: return fmt::format("{} <= {} <= {}", low, metric, high);
    case Kind::kExists: return fmt::format("{} exists", metric);
    case Kind::kExitCode: return fmt::format("exit code {}", low);
  }
  return "";
}

Payload Payload::program(std::string name, std::string program) {
  return Payload(std::move(name), std::move(program), Kind::kBinary);
}
Payload Payload::scheduler(std::string name, std::string program) {
  return Payload(std::move(name), std::move(program), Kind::kScheduler);
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
Payload& Payload::output(Output kind) {
  output_ = kind;
  return *this;
}
Payload& Payload::metric(PayloadMetric metric) {
  metrics_.push_back(std::move(metric));
  return *this;
}
Payload& Payload::check(PayloadCheck check) {
  checks_.push_back(std::move(check));
  return *this;
}

Status Payload::check_args(const std::vector<std::string>& args) const {
  (void)args;
  return ok();
}

}  // namespace ktstr
