// SPDX-License-Identifier: Apache-2.0
//
// Attaching and detaching schedulers in the middle of a scenario. In a guest its agent does it.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace ktstr {

struct SchedulerChange {
  bool end = false, start = false;
  bool again = false;  // the one that there was last, in place of `name`
  std::string name;    // "PROGRAM ARGS"; "": the one under test, which was not attached at the start
};

struct SchedulerControl {
  // Returns when the kernel says that it is done: the pid that has the scheduler then, 0 where there is none. An Error
  // says which part failed; what could be done stays done.
  std::function<Result<int>(const SchedulerChange&)> change;
};

}  // namespace ktstr
