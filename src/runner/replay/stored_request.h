// SPDX-License-Identifier: Apache-2.0
//
// request.json in a run's directory: what was asked for and everything that decides the run, written before it boots.
// The files that went in are beside it as objects (results/object_store.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "runner/runner.h"

namespace ktstr {

constexpr const char* kRequestFile = "request.json";
constexpr int kRequestVersion = 1;

struct StoredRun {
  fs::path dir;
  std::string id;
  RunRequest request;  // without packed inputs, which load_inputs() gives
  RunTuple tuple;
  std::string job_json;  // byte for byte as it was sent
  std::string kernel, kernel_path;
  std::uint32_t mailbox_version = 0;
  std::string files_sha256, scheduler_files_sha256, initramfs_sha256;
  std::optional<RunRecord> record;  // its result; none when the run did not get that far
};

// `record`: id, mode, kernel and tuple must be known.
std::string request_to_json(const RunRequest& request, const RunRecord& record, std::string_view job_json,
                            const PackedInputs& packed);
// Without `dir` and `record`. kCorruptData that says what is wrong; kUnsupported for another version.
Result<StoredRun> request_from_json(std::string_view text);

// request.json and result.json of a run's directory. The record's run_dir is where the directory is now.
Result<StoredRun> load_stored_run(const fs::path& dir);
// Its packed files, checked.
Result<std::shared_ptr<const PackedInputs>> load_inputs(const StoredRun& stored, const fs::path& state_dir);

}  // namespace ktstr
