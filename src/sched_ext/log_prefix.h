// SPDX-License-Identifier: Apache-2.0
//
// What logs put before a line: the kernel's time stamp, syslog's and the journal's date, host and program, the head of
// a trace event.
#pragma once

#include <string_view>

namespace ktstr {

struct LogLine {
  std::string_view text;    // without any of it, but with the blanks that it begins with
  std::string_view kernel;  // with the kernel's "[    3.123] " still before it, where it has one
};

//   [   12.345678] TEXT                    dmesg; also "[   12.345678][  T123] ", and a date in the brackets (dmesg -T)
//   <6>TEXT   3,12,345,-;TEXT              syslog's priority, /dev/kmsg
//   Jan  2 15:04:05 host kernel: TEXT      journalctl, syslog; "scx_x[12]:" in place of "kernel:", and
//   2026-01-02T15:04:05+0000 host ...      other forms of the date
//   a-12 [000] d..1. 1.234: sched_ext_dump: TEXT
LogLine without_log_prefix(std::string_view line);

}  // namespace ktstr
