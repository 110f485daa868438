// SPDX-License-Identifier: Apache-2.0
//
// The live area of a body on this machine: a file in memory, made by the parent of the body, who reads it when that has
// ended. What the body writes there is trusted no more than a guest's.
#pragma once

#include <span>

#include "base/fd.h"
#include "base/file.h"
#include "base/result.h"
#include "model/live_worker.h"

namespace ktstr {

class LiveFile {
 public:
  // Empty, and of a size that stays: whoever reads beyond the end of a file that was cut is killed.
  static Result<LiveFile> create();
  // The one that somebody made.
  static Result<LiveFile> open(Fd file);

  const Fd& file() const { return file_; }
  LiveHead& head() const { return *reinterpret_cast<LiveHead*>(mapping_.data()); }
  std::span<LiveWorker> entries() const;

 private:
  LiveFile(Fd file, Mapping mapping) : file_(std::move(file)), mapping_(std::move(mapping)) {}
  Fd file_;
  Mapping mapping_;
};

}  // namespace ktstr
