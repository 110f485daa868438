// SPDX-License-Identifier: GPL-2.0-only
// The BPF object as a value: loading, attaching and detaching it, and how it ended.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "llc.h"
#include "options.h"
#include "scx_ktstr.h"

struct bpf_link;
struct bpf_object;

namespace scx_ktstr {

class Scheduler {
 public:
  // Opens the embedded object, configures it and has the kernel verify it. libbpf prints the
  // verifier's complaints to stderr.
  static tl::expected<Scheduler, std::string> load(const Options& options, const LlcMap& llcs);

  // From here on it schedules. Also succeeds when the kernel ended the scheduler on the way: see
  // exit_record().
  tl::expected<void, std::string> attach();

  // Returns when no task is under this scheduler any more. Harmless when the kernel has ended it
  // already.
  void detach();

  // Becomes readable when the kernel has ended the scheduler.
  int exit_event_fd() const;

  // Its kind is zero as long as the scheduler has not ended.
  tl::expected<std::unique_ptr<ktstr_exit>, std::string> exit_record() const;

 private:
  struct Closer {
    void operator()(bpf_object* object) const;
    void operator()(bpf_link* link) const;
  };
  explicit Scheduler(bpf_object* object) : object_(object) {}
  // `error`: what the kernel, or libbpf, said of the object; a negative errno.
  static tl::expected<Scheduler, std::string> load_once(const Options& options, const LlcMap& llcs, int& error);

  std::unique_ptr<bpf_object, Closer> object_;
  std::unique_ptr<bpf_link, Closer> link_;
};

}  // namespace scx_ktstr
