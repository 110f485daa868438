// SPDX-License-Identifier: GPL-2.0-only
#include "scheduler.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>

#include "sched_ext_ops.h"

// The object file, linked in as it is: skeletons of the distribution's bpftool want a newer libbpf
// than the distribution's.
asm(R"(
  .pushsection .rodata
  .balign 16
  scx_ktstr_object_begin: .incbin ")" SCX_KTSTR_OBJECT R"("
  scx_ktstr_object_end:
  .popsection
)");
extern "C" const std::byte scx_ktstr_object_begin[];
extern "C" const std::byte scx_ktstr_object_end[];

namespace scx_ktstr {
namespace {

// enum scx_ops_flags: what a task that is alone on its CPU does at the end of its slice goes
// through enqueue. Otherwise the kernel would keep it running, and a task that the faults hold back
// would get away.
constexpr std::uint64_t kOpsEnqLast = 1U << 1;

// BPF_LOG_STATS: a line per program of what its verification took.
constexpr unsigned kBpfLogStats = 4;

std::uint64_t after_ns(const std::optional<std::uint64_t>& ms) { return ms ? *ms * 1'000'000 : KTSTR_NEVER; }

template <typename T>
tl::expected<T*, std::string> initial_value(const bpf_object* object, const char* map_name) {
  std::size_t size = 0;
  const bpf_map* map = bpf_object__find_map_by_name(object, map_name);
  void* value = map ? bpf_map__initial_value(map, &size) : nullptr;
  if (!value || size < sizeof(T)) return tl::unexpected(std::string("the BPF object has no usable ") + map_name);
  return static_cast<T*>(value);
}

void configure(ktstr_config& config, const Options& options, const LlcMap& llcs) {
  config.slice_ns = options.slice_us * 1000;
  config.stall_after_ns = after_ns(options.stall_after_ms);
  config.crash_after_ns = after_ns(options.crash_after_ms);
  config.slow_dispatch_ns = options.slow_dispatch_us * 1000;
  config.starve_period_ns = std::uint64_t{options.watchdog_ms()} * 1'000'000 / 2;
  config.starve_len = static_cast<__u32>(options.starve_comm.size());
  options.starve_comm.copy(config.starve_comm, sizeof(config.starve_comm));
  config.lose_len = static_cast<__u32>(options.lose_comm.size());
  options.lose_comm.copy(config.lose_comm, sizeof(config.lose_comm));
  config.ping_pong = options.ping_pong ? 1 : 0;
  config.invert_nice = options.invert_nice ? 1 : 0;
  config.ignore_nice = options.ignore_nice ? 1 : 0;
  config.ignore_affinity = options.ignore_affinity ? 1 : 0;
  config.hot_queue = options.hot_queue ? 1 : 0;
  config.idle_cpu = options.idle_cpu.value_or(KTSTR_MAX_CPUS);
  config.lose_wakeup = options.lose_wakeup ? 1 : 0;
  config.ignore_weights = options.ignore_weights ? 1 : 0;
  config.nr_cpus = static_cast<__u32>(llcs.llc_of_cpu.size());
  config.nr_llcs = llcs.nr_llcs;
  std::copy(llcs.llc_of_cpu.begin(), llcs.llc_of_cpu.end(), config.llc_of_cpu);
}

// 0 where this kernel has no such flag, and would refuse it.
std::uint64_t ops_flag(const char* name) {
  const std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), btf__free);
  const int id = kernel ? btf__find_by_name(kernel.get(), "scx_ops_flags") : -1;
  if (id < 0) return 0;
  const btf_type* type = btf__type_by_id(kernel.get(), static_cast<__u32>(id));
  for (int i = 0; i < btf_vlen(type); ++i) {
    const bool wide = btf_is_enum64(type);
    const __u32 at = wide ? btf_enum64(type)[i].name_off : btf_enum(type)[i].name_off;
    if (std::strcmp(btf__name_by_offset(kernel.get(), at), name) == 0)
      return wide ? btf_enum64_value(&btf_enum64(type)[i]) : static_cast<std::uint64_t>(btf_enum(type)[i].val);
  }
  return 0;
}

void set_ops(sched_ext_ops& ops, const Options& options) {
  ops.timeout_ms = options.watchdog_ms();
  // As long as a callback runs, the task that it runs on top of counts as one that must not migrate: without this the
  // kernel would put the one that cpu_release queues anew back where it was.
  ops.flags |= ops_flag("SCX_OPS_ENQ_MIGRATION_DISABLED");
  const bool holds_back = options.stall_after_ms || !options.starve_comm.empty() || !options.lose_comm.empty();
  if (holds_back || options.ping_pong || options.ignore_affinity) ops.flags |= kOpsEnqLast;
}

// Before loading, libbpf keeps pointers to bpf_programs in the places of the callbacks.
tl::expected<void, std::string> use_unverifiable_dispatch(bpf_object* object, sched_ext_ops& ops) {
  bpf_program* good = bpf_object__find_program_by_name(object, "ktstr_dispatch");
  bpf_program* bad = bpf_object__find_program_by_name(object, "ktstr_dispatch_unverifiable");
  if (!good || !bad) return tl::unexpected(std::string("the BPF object lacks a dispatch program"));
  bpf_program__set_autoload(good, false);
  bpf_program__set_autoload(bad, true);
  std::memcpy(&ops.dispatch, &bad, sizeof(bad));
  return {};
}

// As a scheduler that has nothing to do with cgroups.
void leave_out_cgroups(bpf_object* object, sched_ext_ops& ops) {
  for (const char* name : {"ktstr_runnable", "ktstr_quiescent", "ktstr_cgroup_init", "ktstr_cgroup_exit",
                           "ktstr_cgroup_move", "ktstr_cgroup_set_weight"})
    if (bpf_program* program = bpf_object__find_program_by_name(object, name))
      bpf_program__set_autoload(program, false);
  ops.runnable = nullptr;
  ops.quiescent = nullptr;
  ops.cgroup_init = nullptr;
  ops.cgroup_exit = nullptr;
  ops.cgroup_move = nullptr;
  ops.cgroup_set_weight = nullptr;
}

__attribute__((format(printf, 2, 0))) int print_all(libbpf_print_level, const char* format, va_list args) {
  return std::vfprintf(stderr, format, args);
}

}  // namespace

void Scheduler::Closer::operator()(bpf_object* object) const { bpf_object__close(object); }
void Scheduler::Closer::operator()(bpf_link* link) const { bpf_link__destroy(link); }

tl::expected<Scheduler, std::string> Scheduler::load(const Options& options, const LlcMap& llcs) {
  if (options.verbose) libbpf_set_print(print_all);
  int error = 0;
  auto scheduler = load_once(options, llcs, error);
  // libbpf's answer where the kernel's sched_ext_ops has no such callbacks.
  if (scheduler || error != -ENOTSUP || options.ignore_weights) return scheduler;
  std::fprintf(stderr, "scx_ktstr: this kernel has no CONFIG_EXT_GROUP_SCHED: weights of cgroups are ignored\n");
  Options without = options;
  without.ignore_weights = true;
  return load_once(without, llcs, error);
}

tl::expected<Scheduler, std::string> Scheduler::load_once(const Options& options, const LlcMap& llcs, int& error) {
  const auto size = static_cast<std::size_t>(scx_ktstr_object_end - scx_ktstr_object_begin);
  bpf_object_open_opts open_options{};
  open_options.sz = sizeof(open_options);
  open_options.object_name = "scx_ktstr";
  open_options.kernel_log_level = options.verbose ? kBpfLogStats : 0;
  bpf_object* object = bpf_object__open_mem(scx_ktstr_object_begin, size, &open_options);
  if (!object) return tl::unexpected(std::string("cannot open the BPF object: ") + std::strerror(errno));
  Scheduler scheduler(object);

  const auto config = initial_value<ktstr_config>(object, KTSTR_CONFIG_SECTION);
  if (!config) return tl::unexpected(config.error());
  const auto ops = initial_value<sched_ext_ops>(object, "ktstr_ops");
  if (!ops) return tl::unexpected(ops.error());
  configure(**config, options, llcs);
  set_ops(**ops, options);
  if (options.ignore_weights) leave_out_cgroups(object, **ops);
  if (options.fail_verify) {
    const auto used = use_unverifiable_dispatch(object, **ops);
    if (!used) return tl::unexpected(used.error());
  }
  error = bpf_object__load(object);
  if (error)
    return tl::unexpected(std::string("the kernel did not take the BPF object: ") + std::strerror(-error) +
                          (error == -ESRCH ? " (a kernel without sched_ext?)" : ""));
  return scheduler;
}

tl::expected<void, std::string> Scheduler::attach() {
  const bpf_map* ops = bpf_object__find_map_by_name(object_.get(), "ktstr_ops");
  link_.reset(bpf_map__attach_struct_ops(ops));
  if (link_) return {};
  const int error = errno;
  return tl::unexpected(std::string("cannot attach: ") + std::strerror(error) +
                        (error == EBUSY ? " (is another sched_ext scheduler running?)" : ""));
}

void Scheduler::detach() { link_.reset(); }

int Scheduler::exit_event_fd() const { return bpf_map__fd(bpf_object__find_map_by_name(object_.get(), "exit_events")); }

tl::expected<std::unique_ptr<ktstr_exit>, std::string> Scheduler::exit_record() const {
  const bpf_map* map = bpf_object__find_map_by_name(object_.get(), KTSTR_EXIT_SECTION);
  auto record = std::make_unique<ktstr_exit>();
  const __u32 key = 0;
  const int error = bpf_map__lookup_elem(map, &key, sizeof(key), record.get(), sizeof(*record), 0);
  if (error) return tl::unexpected(std::string("cannot read how it ended: ") + std::strerror(-error));
  return record;
}

}  // namespace scx_ktstr
