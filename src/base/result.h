// SPDX-License-Identifier: Apache-2.0
//
// Result<T>: a value or an Error, which cannot be dropped without a compiler warning (tl::expected alone can). Only
// this header knows the library behind it.
//
//   Result<Fd> open_thing(...);
//   KTSTR_TRY(write_all(fd, bytes));           // return the error to our caller
//   KTSTR_TRY_ASSIGN(auto fd, open_thing());   // two statements: give it braces of its own
//   return fail(ErrorCode::kNotFound, "no kernel matches '{}'", name);
#pragma once

#include <fmt/core.h>

#include <cerrno>
#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace ktstr {

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Base base) : Base(std::move(base)) {}
  Result(Error error) : Base(tl::unexpect, std::move(error)) {}

  // Adds where we were when it failed; does nothing to a value.
  Result&& context(std::string where) && {
    if (!this->has_value()) this->error().context(std::move(where));
    return std::move(*this);
  }
};

using Status = Result<void>;

inline Status ok() { return Status(); }

template <typename... Args>
Error fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// The current errno is read before anything else can change it.
template <typename... Args>
Error fail_errno(fmt::format_string<Args...> format, Args&&... args) {
  const int saved = errno;
  return Error::from_errno(saved, fmt::format(format, std::forward<Args>(args)...));
}

// For a failure that is known, expected and harmless at this place; the reason is for the reader.
template <typename T>
void ignore_result([[maybe_unused]] const Result<T>& result, [[maybe_unused]] const char* reason) {}

}  // namespace ktstr

#define KTSTR_CONCAT_(a, b) a##b
#define KTSTR_CONCAT(a, b) KTSTR_CONCAT_(a, b)

#define KTSTR_TRY(expression)                                                \
  do {                                                                       \
    auto ktstr_status_ = (expression);                                       \
    if (!ktstr_status_.has_value()) return std::move(ktstr_status_).error(); \
  } while (0)

#define KTSTR_TRY_ASSIGN(target, expression) \
  KTSTR_TRY_ASSIGN_(KTSTR_CONCAT(ktstr_result_, __LINE__), target, expression)
#define KTSTR_TRY_ASSIGN_(temporary, target, expression)           \
  auto temporary = (expression);                                   \
  if (!temporary.has_value()) return std::move(temporary).error(); \
  target = *std::move(temporary)
