// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "wire/job.h"

using namespace ktstr;

// The job, which a replay takes from a stored run.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> bases{
      job_to_json({.settings = {.test = "t", .args = {"a"}, .topology = {1, 2, 2, 1}, .seed = 7, .work_type = "Bursty"},
                   .scenario = "duration = '1s'"}),
      attach_job_to_json({.scheduler = {"scx_ktstr"}, .topology = {1, 2, 2, 1}})};
  const std::string text = fuzz::mutated_text(bases, data, size);
  if (const auto job = job_from_json(text); job && !job_from_json(job_to_json(*job))) __builtin_trap();
  if (const auto job = attach_job_from_json(text); job && !attach_job_from_json(attach_job_to_json(*job)))
    __builtin_trap();
  return 0;
}
