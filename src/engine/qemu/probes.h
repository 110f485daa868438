// SPDX-License-Identifier: Apache-2.0
//
// The host's side of the plugin's probes (plugin/probe_page.h): which instructions of the guest's kernel are looked at,
// and what was seen there. The guest cannot notice it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "engine/guest_memory.h"
#include "guest_space.h"
#include "probe_page.h"

namespace ktstr {

// One moment in both clocks.
struct ClockPair {
  std::uint64_t qemu_ns = 0;   // that events come with
  std::uint64_t guest_ns = 0;  // CLOCK_MONOTONIC of the guest
};

// What is known once the guest stands still where events begin.
struct ProbesBegun {
  control::AddressSpace space;         // how its kernel maps memory
  std::vector<control::Probe> late{};  // in the order of their addresses, all of them in late_range()
  std::vector<control::ExitProbe> late_exits{};
  std::vector<control::Hold> holds{};           // of places in the range of watch()
  std::vector<std::uint64_t> preempt_counts{};  // of vCPUs: control::MemoryWatch::preempt_count
};

// Where functions are left that are known from the kernel's image.
struct ExitsOfKernel {
  std::vector<control::ExitProbe> probes;
  std::vector<std::uint64_t> thunks;  // its functions that return from where a jump to them is
  bool and_late = false;              // begin() may have others, in late_range()
};

// Who wants to see the events of a guest.
class ProbeListener {
 public:
  virtual ~ProbeListener() = default;
  // In the order of their addresses, which must stay as they are.
  virtual const std::vector<control::Probe>& probes() const = 0;
  virtual ExitsOfKernel exits() const { return {}; }
  // The addresses that begin() may have probes at: the first, and the one after the last. By default none.
  virtual std::pair<std::uint64_t, std::uint64_t> late_range() const { return {0, 0}; }
  // Which accesses to memory are events. By default none.
  virtual control::MemoryWatch watch() const { return {}; }
  // The guest stands still, `guest_ns` on its clock, and events come from here on. `ram` does not know yet how the
  // kernel maps memory. An Error: then none come.
  virtual Result<ProbesBegun> begin(const control::GuestSpace& ram, std::uint64_t guest_ns) = 0;
  // One event, as the ring has it (control::event_head()), in the order in which they happened. `began` is the same
  // for all.
  virtual void take(std::span<const std::uint64_t> event, const ClockPair& began) = 0;
};

// The probe page of one machine, and its ring.
class ProbeFile {
 public:
  // kUnsupported for more probes, or more pieces of memory, than a page has room for.
  static Result<ProbeFile> create(const std::filesystem::path& file, const ProbeListener& listener,
                                  const GuestMemory& memory);

  // While the guest stands still, `guest_ns` on its clock.
  Status begin(ProbeListener& listener, std::uint64_t guest_ns);
  // While it stands still: nothing that comes later is an event.
  void end();
  // Gives what has come to the listener. kProtocol: the ring holds what is no event; no more comes out of it.
  Status drain(ProbeListener& listener);

  const std::filesystem::path& path() const { return path_; }

 private:
  ProbeFile(std::filesystem::path path, Mapping mapping) : path_(std::move(path)), mapping_(std::move(mapping)) {}
  std::filesystem::path path_;
  Mapping mapping_;
  std::vector<Mapping> ram_;
  control::GuestSpace space_;
  ClockPair began_;
};

}  // namespace ktstr
