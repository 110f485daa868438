// SPDX-License-Identifier: Apache-2.0
#include "runner/package_guest.h"

#include "base/hash.h"
#include "base/process.h"
#include "guest/body.h"
#include "scheduler/package.h"
#include "wire/newc.h"

namespace ktstr {

Result<ByteVector> make_initramfs(const fs::path& agent, InputHashes& inputs) {
  NewcWriter archive;
  // The kernel opens it for /init before the agent can mount anything.
  KTSTR_TRY(archive.add_character_device("/dev/console", 0600, 5, 1));
  KTSTR_TRY(add_program(archive, agent, "/init", inputs).context("pack the agent"));
  return archive.finish();
}

namespace {

Status add_scheduler(const RunRequest& request, NewcWriter& archive, Job& job, InputHashes& inputs) {
  if (request.scheduler.empty()) return ok();
  KTSTR_TRY_ASSIGN(job.scheduler, split_command(request.scheduler));
  if (job.scheduler.empty()) return fail(ErrorCode::kInvalidArgument, "--scheduler names no program");
  KTSTR_TRY_ASSIGN(const fs::path self, own_executable());
  KTSTR_TRY_ASSIGN(const fs::path program, find_scheduler(job.scheduler[0], self.parent_path()));
  job.scheduler[0] = "/ktstr/bin/" + program.filename().string();
  return add_program(archive, program, job.scheduler[0], inputs);
}

Status add_body(const RunRequest& request, NewcWriter& archive, Job& job, InputHashes& inputs) {
  if (request.test_binary.empty()) {
    job.scenario = request.scenario_text;
    inputs["scenario"] = sha256(as_byte_span(request.scenario_text));
    return ok();
  }
  job.body = {"/ktstr/test/" + request.test_binary.filename().string(), kBodyArgument + request.test};
  return add_program(archive, request.test_binary, job.body[0], inputs);
}

Status add_include_files(const RunRequest& request, NewcWriter& archive, InputHashes& inputs) {
  for (const std::string& name : request.include_files) {
    const fs::path path = fs::absolute(name);
    KTSTR_TRY_ASSIGN(const ByteVector contents, read_bytes(path));
    std::error_code error;
    const auto permissions = static_cast<std::uint32_t>(fs::status(path, error).permissions()) & 0777;
    KTSTR_TRY(archive.add_file(path.string(), permissions, contents));
    inputs[path.string()] = sha256(contents);
  }
  return ok();
}

}  // namespace

Result<Delivery> make_delivery(const RunRequest& request, Job job, InputHashes& inputs) {
  NewcWriter archive;
  KTSTR_TRY(add_scheduler(request, archive, job, inputs));
  KTSTR_TRY(add_body(request, archive, job, inputs));
  KTSTR_TRY(add_include_files(request, archive, inputs));
  KTSTR_TRY(archive.add_file(kJobPath, 0644, as_byte_span(job_to_json(job))));
  return Delivery{archive.finish(), std::move(job)};
}

}  // namespace ktstr
