// SPDX-License-Identifier: Apache-2.0
//
// Payloads of a scenario file: declared once, each in a [[payload]] table, and named wherever one runs (`workload` of a
// cgroup, `payload` of an op, `payloads` of the Backdrop):
//
//   [[payload]]
//   name = "disk"
//   program = "fio"                     # a path, or a name in PATH
//   args = ["--rw=write", "--output-format=json"]
//   known_flags = ["--rw", "--output-format"]
//   include = ["/etc/fio.conf"]
//   file_limit = "1G"                   # of each file that it writes; default 64M
//   output = "json"                     # or "exit_code", the default
//
//   [[payload.metric]]
//   name = "write_iops"
//   path = "jobs.0.write.iops"          # default: the name
//   polarity = "higher"                 # "lower", or "neutral", the default
//   unit = "IO/s"
//
//   [[payload.check]]
//   kind = "min"                        # metric, value; "max" alike; "range": metric, low, high; "exists": metric;
//   metric = "write_iops"               # "exit_code": code
//   value = 100
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ktstr/payload.h"
#include "scenario_file/table_reader.h"

namespace ktstr {

class DeclaredPayloads {
 public:
  // All tables of [[payload]]; what is wrong with one is a mistake, and the others are still there.
  void read(TableReader& top);
  // The one that is called `name`; null with a mistake at `at` when there is none. Null without one when its table has
  // mistakes.
  const Payload* find(std::string_view name, SourcePosition at, Mistakes& mistakes) const;
  const std::vector<Payload>& list() const { return payloads_; }

 private:
  std::vector<Payload> payloads_;
  std::vector<std::string> names_;  // of those with mistakes as well
};

}  // namespace ktstr
