// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/kernel_view.h"

#include <algorithm>
#include <set>

#include "probe_steps.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostVisited = 100'000;
// Where an x86-64 kernel is linked, and how much is mapped there (arch/x86/include/asm/page_64_types.h).
constexpr std::uint64_t kImageStart = 0xffffffff80000000, kImageBytes = 1 << 30;
constexpr std::uint64_t kDirectBytes = 1ULL << 46;
// Without CONFIG_DYNAMIC_MEMORY_LAYOUT, and with four levels.
constexpr std::uint64_t kUsualDirectMap = 0xffff888000000000;
constexpr std::uint64_t kShiftOfFiveLevels = 48;

class View {
 public:
  View(std::uint64_t time_ns, const control::GuestSpace& kernel, const KernelLayout& layout)
      : time_ns_(time_ns), kernel_(kernel), layout_(layout) {}

  void add_cpus(int cpus) {
    for (int cpu = 0; cpu < cpus; ++cpu) {
      const auto offset = kernel_.load(layout_.per_cpu_offset + 8 * static_cast<std::uint64_t>(cpu), 8);
      if (offset) add(layout_.cpu, layout_.runqueues + *offset, static_cast<std::uint16_t>(cpu));
    }
  }

  void add_tasks() {
    std::uint64_t process = layout_.init_task;
    while (visited_ < kMostVisited) {
      add_threads(process);
      const auto next = kernel_.load(process + layout_.tasks, 8);
      if (!next || *next - layout_.tasks == layout_.init_task) return;
      process = *next - layout_.tasks;
    }
  }

  std::vector<TraceEvent> take() { return std::move(events_); }
  std::vector<std::uint64_t> take_tasks() { return std::move(tasks_); }

 private:
  void add_threads(std::uint64_t process) {
    const auto signal = kernel_.load(process + layout_.signal, 8);
    ++visited_;
    if (!signal) return;
    const std::uint64_t head = *signal + layout_.thread_head;
    auto node = kernel_.load(head, 8);
    for (; node && *node != head && visited_ < kMostVisited; ++visited_) {
      add_task(*node - layout_.thread_node);
      node = kernel_.load(*node, 8);
    }
  }

  void add_task(std::uint64_t task) {
    const TraceEvent* const event = add(layout_.task, task, 0);
    if (event == nullptr) return;
    tasks_.push_back(task);
    const std::uint64_t cgroup = event_as<trace::TaskSeen>(*event).cgroup;
    if (cgroup != 0 && cgroups_.insert(cgroup).second) add(layout_.cgroup, task, 0);
  }

  // Nothing of what cannot be read at all.
  const TraceEvent* add(const control::Probe& probe, std::uint64_t address, std::uint16_t cpu) {
    std::uint64_t registers[control::kRegisters] = {};
    registers[static_cast<std::size_t>(control::Register::kRdi)] = address;
    control::StepValues seen;
    control::work_out(probe, kernel_, registers, seen);
    if ((seen.unreadable & 1) != 0) return nullptr;
    TraceEvent event{.time_ns = time_ns_,
                     .kind = TraceKind{static_cast<std::uint16_t>(probe.kind)},
                     .cpu = cpu,
                     .count = static_cast<std::uint8_t>(std::min<std::size_t>(seen.count, kMostTraceValues)),
                     .unreadable = seen.unreadable};
    std::copy_n(seen.value, event.count, event.values.begin());
    events_.push_back(event);
    return &events_.back();
  }

  std::uint64_t time_ns_;
  const control::GuestSpace& kernel_;
  const KernelLayout& layout_;
  std::vector<TraceEvent> events_;
  std::vector<std::uint64_t> tasks_;
  std::set<std::uint64_t> cgroups_;
  std::size_t visited_ = 0;  // of all lists together: a guest may have them go round
};

}  // namespace

Result<control::AddressSpace> find_kernel(const control::GuestSpace& ram, const KernelLayout& layout) {
  control::AddressSpace space{
      .image = kImageStart, .image_bytes = kImageBytes, .direct = kUsualDirectMap, .direct_bytes = kDirectBytes};
  control::GuestSpace kernel = ram;
  kernel.set_kernel(space);
  for (std::size_t i = 0; i < layout.banner_text.size(); ++i)
    if (kernel.load(layout.banner + i, 1) != static_cast<unsigned char>(layout.banner_text[i]))
      return fail(ErrorCode::kNotFound, "the guest's kernel is not where its image says (is KASLR on?)");
  if (layout.page_offset_base != 0) space.direct = kernel.load(layout.page_offset_base, 8).value_or(kUsualDirectMap);
  const bool five = layout.pgdir_shift != 0 && kernel.load(layout.pgdir_shift, 4) == kShiftOfFiveLevels;
  space.levels = five ? 5 : 4;
  space.top_table = layout.top_table - kImageStart;
  return space;
}

std::vector<TraceEvent> seen_at(std::uint64_t time_ns, const control::GuestSpace& kernel, const KernelLayout& layout,
                                int cpus) {
  View view(time_ns, kernel, layout);
  view.add_cpus(cpus);
  view.add_tasks();
  return view.take();
}

std::vector<std::uint64_t> tasks_at(const control::GuestSpace& kernel, const KernelLayout& layout) {
  View view(0, kernel, layout);
  view.add_tasks();
  return view.take_tasks();
}

}  // namespace ktstr
