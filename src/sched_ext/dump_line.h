// SPDX-License-Identifier: Apache-2.0
//
// The lines of a dump (dump.h), one by one and without what a log puts before them. What a line says that cannot be
// comes back in `fault`, and is left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sched_ext/dump.h"

namespace ktstr {

// "cg_0/1[106]": a comm may hold brackets itself, the pid's come last.
struct CommPid {
  std::string comm;
  int pid = 0;
};
std::optional<CommPid> comm_and_pid(std::string_view text);

// "kworker/u8:2[37] triggered exit kind 1026:", with " on CPU 0" on 7.3. The CPU is -1 where it is not said.
struct DumpTrigger {
  CommPid task;
  int kind = 0, cpu = -1;
};
std::optional<DumpTrigger> trigger_in(std::string_view line);

// "CPU 2   : nr_run=2 flags=0x1 ..."
std::optional<DumpCpu> cpu_in(std::string_view line, std::string& fault);
// "curr=hog[123] class=rt_sched_class": whether it is such a line.
bool read_curr(std::string_view line, DumpCpu& cpu);
// "  R cg_0/1[106] -3039ms": a blank, a mark ('*': it is curr), its state; on 7.x its scheduler before the time.
std::optional<DumpTask> task_in(std::string_view line, std::string& fault);
// What the lines below say of it, its backtrace included.
void read_detail(std::string_view line, DumpTask& task, std::string& fault);
// Whether it has one of the details that explain.
bool explains_task(std::string_view line);

bool is_cut(std::string_view line);  // the kernel's buffer was full
bool ends_dump(std::string_view line);

}  // namespace ktstr
