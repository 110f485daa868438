// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_status.h"

#include <filesystem>
#include <new>
#include <system_error>

#include "base/log.h"
#include "cli/output.h"
#include "runner/interrupt.h"

namespace ktstr::cli {

int exit_code_for(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
      return kExitUsage;
    case ErrorCode::kCancelled:
      return 130;
    case ErrorCode::kUnsupported:
    case ErrorCode::kPermission:
    case ErrorCode::kBusy:
    case ErrorCode::kTimedOut:
    case ErrorCode::kNoSpace:
    case ErrorCode::kIo:
    case ErrorCode::kProtocol:
    case ErrorCode::kCorruptData:
    case ErrorCode::kGuestLost:
    case ErrorCode::kInternal:
      break;
  }
  return kExitInfrastructure;
}

int guarded(const std::function<int()>& program) {
  prepare_to_end();
  try {
    return exit_of(program());
  } catch (const std::bad_alloc&) {
    return report_error(
        Error(ErrorCode::kNoSpace, "out of memory").with_hint("see `ulimit -v` and memory.max of this cgroup"));
  } catch (const std::filesystem::filesystem_error& thrown) {
    return report_error(Error::from_errno(thrown.code().value(), "cannot work with " + thrown.path1().string())
                            .with_hint("the current directory may be gone: cd to one that is there"));
  } catch (const std::system_error& thrown) {
    return report_error(Error(ErrorCode::kIo, thrown.what()));
  } catch (const std::exception& thrown) {
    return report_error(Error(ErrorCode::kInternal, std::string("a defect of ktstr: ") + thrown.what()));
  }
}

int report_error(const Error& error) {
  log_error("{}", error.render());
  return exit_code_for(error);
}

}  // namespace ktstr::cli
