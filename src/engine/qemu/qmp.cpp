// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/qmp.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"

namespace ktstr {

namespace {

constexpr std::size_t kLongestMessage = 1 << 20;
constexpr std::chrono::milliseconds kBetweenLooks{50};

// What calls itself QEMU may say anything, also what is no UTF-8.
std::string dumped(const Qmp::Json& json) { return json.dump(-1, ' ', false, Qmp::Json::error_handler_t::replace); }

}  // namespace

Result<Qmp> Qmp::create() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return fail_errno("cannot make a socket pair for QMP");
  return Qmp(Fd(fds[0]), Fd(fds[1]));
}

std::vector<std::string> Qmp::arguments() const {
  return {"-chardev", fmt::format("socket,id=qmp,fd={}", theirs_.get()), "-mon", "chardev=qmp,mode=control"};
}

Status Qmp::greet(std::chrono::milliseconds timeout) {
  const auto deadline = monotonic_now() + timeout;
  return greet(
      [&]() -> Status {
        if (monotonic_now() < deadline) return ok();
        return fail(ErrorCode::kTimedOut, "QEMU gave no answer in time");
      },
      timeout);
}

Status Qmp::greet(const std::function<Status()>& go_on, std::chrono::milliseconds timeout) {
  if (greeted_) return ok();
  KTSTR_TRY(hear(go_on));
  KTSTR_TRY(execute("qmp_capabilities", Json::object(), timeout));
  greeted_ = true;
  return ok();
}

Status Qmp::hear(const std::function<Status()>& go_on) {
  theirs_.reset();
  while (!heard_) {
    const auto greeting = next_message(monotonic_now() + kBetweenLooks);
    if (!greeting && greeting.error().code() == ErrorCode::kTimedOut) {
      KTSTR_TRY(go_on());
      continue;
    }
    if (!greeting) return greeting.error();
    if (!greeting->contains("QMP")) return fail(ErrorCode::kProtocol, "QEMU's greeting is none: {}", dumped(*greeting));
    heard_ = true;
  }
  return ok();
}

Result<Qmp::Json> Qmp::next_message(std::chrono::nanoseconds deadline) {
  for (;;) {
    if (const std::size_t end = pending_.find('\n'); end != std::string::npos) {
      const std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      Json message = Json::parse(line, nullptr, false);
      if (!message.is_object()) return fail(ErrorCode::kProtocol, "what QEMU said is not QMP: {}", line.substr(0, 200));
      return message;
    }
    if (pending_.size() > kLongestMessage) return fail(ErrorCode::kProtocol, "a QMP message of QEMU does not end");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now()).count();
    if (left <= 0) return fail(ErrorCode::kTimedOut, "QEMU gave no answer in time");
    pollfd fd{ours_.get(), POLLIN, 0};
    const int ready = ::poll(&fd, 1, static_cast<int>(std::min<std::int64_t>(left, 1000)));
    if (ready < 0 && errno != EINTR) return fail_errno("cannot wait for QEMU's answer");
    if (ready <= 0) continue;
    std::array<char, 4096> bytes;
    const ssize_t got = ::read(ours_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno != EINTR && errno != ECONNRESET) return fail_errno("cannot read QEMU's answer");
    if (got == 0 || (got < 0 && errno == ECONNRESET)) return fail(ErrorCode::kGuestLost, "QEMU has ended");
    if (got > 0) pending_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

Status Qmp::send(const std::string& command, const Json& arguments) {
  Json message = {{"execute", command}};
  if (!arguments.empty()) message["arguments"] = arguments;
  const std::string line = message.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count = ::send(ours_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) return fail(ErrorCode::kGuestLost, "QEMU has ended");
    if (count < 0) return fail_errno("cannot say {} to QEMU", command);
    sent += static_cast<std::size_t>(count);
  }
  return ok();
}

Result<Qmp::Json> Qmp::answer(std::chrono::milliseconds timeout) {
  const auto deadline = monotonic_now() + timeout;
  for (;;) {
    KTSTR_TRY_ASSIGN(Json message, next_message(deadline));
    if (message.contains("return")) return std::move(message["return"]);
    if (message.contains("error")) return fail(ErrorCode::kProtocol, "{}", message["error"].value("desc", "no reason"));
  }
}

Result<Qmp::Json> Qmp::execute(const std::string& command, const Json& arguments, std::chrono::milliseconds timeout) {
  KTSTR_TRY(send(command, arguments));
  return answer(timeout).context("QMP " + command);
}

}  // namespace ktstr
