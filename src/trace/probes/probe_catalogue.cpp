// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/probe_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/activity.h"
#include "base/hash.h"
#include "base/log.h"
#include "kernel/probe_compiler.h"

namespace ktstr {

namespace {

struct Row {
  TraceKind kind;
  // The function: the first of these names that the kernel has. "CLASS.method": that method of each sched class.
  std::vector<std::string_view> where;
  struct Value {
    std::string_view field, expression;  // see kernel/probe_compiler.h
  };
  std::vector<Value> values;
};

constexpr std::string_view kOfEachClass = "CLASS.";
constexpr std::string_view kClassValue = "CLASS";
struct ClassRow {
  SchedClass sched_class;
  std::string_view symbol;
};
constexpr ClassRow kClasses[] = {
    {SchedClass::kStop, "stop_sched_class"},   {SchedClass::kDeadline, "dl_sched_class"},
    {SchedClass::kRealTime, "rt_sched_class"}, {SchedClass::kFair, "fair_sched_class"},
    {SchedClass::kExt, "ext_sched_class"},     {SchedClass::kIdle, "idle_sched_class"},
};

constexpr std::string_view kDelayed = "?$rsi:task_struct->se.sched_delayed";

// Methods of sched classes are called through pointers: calls that the compiler cannot have inlined.
const std::vector<Row>& rows() {
  using enum TraceKind;
  static const std::vector<Row> all = {
      {kSwitch,
       {"__switch_to_asm"},
       {{"prev", "$rdi:task_struct->pid"},
        {"prev_state", "$rdi:task_struct->__state | $rdi:task_struct->state"},
        {"prev_on_rq", "$rdi:task_struct->on_rq"},
        {"prev_delayed", "?$rdi:task_struct->se.sched_delayed"},
        {"next", "$rsi:task_struct->pid"},
        {"next_prio", "$rsi:task_struct->prio"},
        {"clock", "?$rdi:task_struct->se.cfs_rq->rq->clock"}}},
      {kEnqueue,
       {"CLASS.enqueue_task"},
       {{"pid", "$rsi:task_struct->pid"},
        {"cpu", "$rdi:rq->cpu"},
        {"sched_class", kClassValue},
        {"flags", "$rdx"},
        {"state", "$rsi:task_struct->__state | $rsi:task_struct->state"},
        {"delayed", kDelayed},
        {"clock", "$rdi:rq->clock"},
        {"policy", "$rsi:task_struct->policy"},
        {"static_prio", "$rsi:task_struct->static_prio"},
        {"group", "?$rsi:task_struct->sched_task_group->css.id"}}},
      {kDequeue,
       {"CLASS.dequeue_task"},
       {{"pid", "$rsi:task_struct->pid"},
        {"cpu", "$rdi:rq->cpu"},
        {"sched_class", kClassValue},
        {"flags", "$rdx"},
        {"state", "$rsi:task_struct->__state | $rsi:task_struct->state"},
        {"delayed", kDelayed},
        {"clock", "$rdi:rq->clock"}}},
      {kYield, {"CLASS.yield_task"}, {}},
      {kMigrate, {"set_task_cpu"}, {{"pid", "p->pid"}, {"from", "p->thread_info.cpu | p->cpu"}, {"to", "new_cpu"}}},
      {kFork,
       {"wake_up_new_task"},
       {{"pid", "p->pid"},
        {"tgid", "p->tgid"},
        {"parent", "p->real_parent->tgid"},
        {"cgroup", "?p->cgroups->dfl_cgrp->kn->id"},
        {"mask", "p->cpus_mask.bits[0]"},
        {"", "?p->cpus_mask.bits[1]"},
        {"", "?p->cpus_mask.bits[2]"},
        {"", "?p->cpus_mask.bits[3]"},
        {"comm", "p->comm"}}},
      {kRename, {"__set_task_comm"}, {{"pid", "tsk->pid"}, {"comm", "buf->*16"}}},
      {kExit, {"do_exit"}, {{"code", "code"}}},
      {kReleased,
       {"release_task"},
       {{"pid", "p->pid"},
        {"ran", "p->se.sum_exec_runtime"},
        {"waited", "p->sched_info.run_delay"},
        {"runs", "p->sched_info.pcount"},
        {"voluntary", "p->nvcsw"},
        {"involuntary", "p->nivcsw"}}},
      {kTick, {"sched_tick", "scheduler_tick"}, {}},
      {kIrqEnter, {"irq_enter_rcu"}, {}},
      {kIrqExit, {"irq_exit_rcu"}, {}},
      // For the cgroup itself and each below it.
      {kThrottle, {"tg_throttle_down"}, {{"cgroup", "$rdi:task_group->css.cgroup->kn->id"}, {"cpu", "$rsi:rq->cpu"}}},
      {kUnthrottle, {"tg_unthrottle_up"}, {{"cgroup", "$rdi:task_group->css.cgroup->kn->id"}, {"cpu", "$rsi:rq->cpu"}}},
      {kQuota,
       {"tg_set_bandwidth"},
       {{"cgroup", "tg->css.cgroup->kn->id"},
        {"period", "period_us"},
        {"quota", "quota_us"},
        {"burst", "burst_us"},
        {"unit", "=1000"}}},
      // Of kernels that have no such function.
      {kQuota,
       {"tg_set_cfs_bandwidth"},
       {{"cgroup", "tg->css.cgroup->kn->id"},
        {"period", "period | period_us"},
        {"quota", "quota | quota_us"},
        {"burst", "burst | burst_us"},
        {"unit", "=1"}}},
      {kCgroupSeen,
       {"sched_online_group"},
       {{"cgroup", "tg->css.cgroup->kn->id"},
        {"parent", "parent->css.cgroup->kn->id"},
        {"name", "tg->css.cgroup->kn->name->*32"}}},
      {kCgroupMove,
       {"css_set_move_task"},
       {{"pid", "$rdi:task_struct->pid"},
        {"cgroup", "$rdx:css_set->dfl_cgrp->kn->id"},
        {"parent", "?$rdx:css_set->dfl_cgrp->kn->__parent->id | $rdx:css_set->dfl_cgrp->kn->parent->id"},
        {"name", "$rdx:css_set->dfl_cgrp->kn->name->*32"}}},
      {kAffinity,
       {"set_cpus_allowed_common"},
       {{"pid", "p->pid"},
        {"flags", "?ctx->flags"},
        {"mask", "ctx->new_mask->bits[0]"},
        {"", "?ctx->new_mask->bits[1]"},
        {"", "?ctx->new_mask->bits[2]"},
        {"", "?ctx->new_mask->bits[3]"}}},
      {kPolicy,
       {"__sched_setscheduler"},
       {{"pid", "p->pid"},
        {"policy", "attr->sched_policy"},
        {"nice", "attr->sched_nice"},
        {"priority", "attr->sched_priority"}}},
      {kNice, {"set_user_nice"}, {{"pid", "p->pid"}, {"nice", "nice"}}},
      {kFreeze, {"cgroup_enter_frozen"}, {}},
      {kThaw, {"cgroup_leave_frozen"}, {}},
      {kCpuOnline, {"sched_cpu_activate"}, {{"cpu", "cpu"}}},
      {kCpuOffline, {"sched_cpu_deactivate"}, {{"cpu", "cpu"}}},
      {kDsqInsert,
       {"scx_bpf_dsq_insert", "scx_bpf_dispatch"},
       {{"pid", "p->pid"}, {"dsq", "dsq_id"}, {"slice", "slice"}, {"flags", "enq_flags"}}},
      {kDsqInsert,
       {"scx_bpf_dsq_insert___v2"},
       {{"pid", "p->pid"}, {"dsq", "dsq_id"}, {"slice", "slice"}, {"flags", "enq_flags"}}},
      {kDsqInsertVtime,
       {"scx_bpf_dsq_insert_vtime", "scx_bpf_dispatch_vtime"},
       {{"pid", "p->pid"}, {"dsq", "dsq_id"}, {"slice", "slice"}, {"vtime", "vtime"}}},
      {kDsqInsertVtime,
       {"__scx_bpf_dsq_insert_vtime"},
       {{"pid", "p->pid"}, {"dsq", "args->dsq_id"}, {"slice", "args->slice"}, {"vtime", "args->vtime"}}},
      {kDsqMove,
       {"scx_bpf_dsq_move", "scx_bpf_dispatch_from_dsq"},
       {{"pid", "p->pid"}, {"dsq", "dsq_id"}, {"flags", "enq_flags"}}},
      {kDsqMove,
       {"scx_bpf_dsq_move_vtime", "scx_bpf_dispatch_vtime_from_dsq"},
       {{"pid", "p->pid"}, {"dsq", "dsq_id"}, {"flags", "enq_flags"}}},
      {kDsqMoveToLocal, {"scx_bpf_dsq_move_to_local", "scx_bpf_consume"}, {{"dsq", "dsq_id"}}},
      {kDsqMoveToLocal, {"scx_bpf_dsq_move_to_local___v2"}, {{"dsq", "dsq_id"}}},
      {kKick, {"scx_bpf_kick_cpu"}, {{"cpu", "cpu"}, {"flags", "flags"}}},
      {kSchedulerExit, {"scx_vexit", "scx_exit", "scx_ops_exit_kind"}, {{"reason", "kind"}}},
      // scx_bpf_error() and scx_bpf_exit() of a kernel in which these do not go through the one above.
      {kSchedulerExit, {"scx_exit_bstr"}, {{"reason", "kind"}}},
  };
  return all;
}

// Read by the host over tasks and runqueues, whose addresses are in rdi.
const std::vector<Row>& snapshot_rows() {
  using enum TraceKind;
  static const std::vector<Row> all = {
      {kTaskSeen,
       {},
       {{"pid", "$rdi:task_struct->pid"},
        {"tgid", "$rdi:task_struct->tgid"},
        {"cpu", "$rdi:task_struct->thread_info.cpu | $rdi:task_struct->cpu"},
        {"state", "$rdi:task_struct->__state | $rdi:task_struct->state"},
        {"on_rq", "$rdi:task_struct->on_rq"},
        {"delayed", "?$rdi:task_struct->se.sched_delayed"},
        {"cgroup", "?$rdi:task_struct->cgroups->dfl_cgrp->kn->id"},
        {"mask", "$rdi:task_struct->cpus_mask.bits[0]"},
        {"", "?$rdi:task_struct->cpus_mask.bits[1]"},
        {"", "?$rdi:task_struct->cpus_mask.bits[2]"},
        {"", "?$rdi:task_struct->cpus_mask.bits[3]"},
        {"comm", "$rdi:task_struct->comm"}}},
      {kCgroupSeen,
       {},
       {{"cgroup", "$rdi:task_struct->cgroups->dfl_cgrp->kn->id"},
        {"parent",
         "?$rdi:task_struct->cgroups->dfl_cgrp->kn->__parent->id | "
         "$rdi:task_struct->cgroups->dfl_cgrp->kn->parent->id"},
        {"name", "$rdi:task_struct->cgroups->dfl_cgrp->kn->name->*32"}}},
      {kCpuSeen,
       {},
       {{"cpu", "$rdi:rq->cpu"},
        {"current", "$rdi:rq->curr->pid"},
        {"online", "$rdi:rq->online"},
        {"clock", "$rdi:rq->clock"}}},
  };
  return all;
}

class Finder {
 public:
  Finder(const ElfFile& elf, const KernelSymbols& symbols, const Btf& btf) : elf_(elf), symbols_(symbols), btf_(btf) {}

  Result<KernelProbes> find() {
    for (const Row& row : rows()) place(row);
    for (const Row& row : snapshot_rows()) KTSTR_TRY(compile(row, 0, SchedClass::kFair, snapshot_of(row.kind)));
    std::stable_sort(found_.probes.begin(), found_.probes.end(),
                     [](const auto& a, const auto& b) { return a.address < b.address; });
    for (const TraceKind needed : {TraceKind::kSwitch, TraceKind::kEnqueue, TraceKind::kDequeue})
      if (!placed_.contains(needed) || incomplete_.contains(needed))
        return fail(ErrorCode::kNotFound, "this kernel shows no {}: {}", to_string(needed), why(needed));
    // A second name of a kind is an alternative, whose absence says nothing.
    std::erase_if(found_.missing, [&](const MissingProbe& one) {
      return one.field.empty() && placed_.contains(one.kind) && !incomplete_.contains(one.kind);
    });
    KTSTR_TRY(lay_out());
    return std::move(found_);
  }

 private:
  control::Probe& snapshot_of(TraceKind kind) {
    if (kind == TraceKind::kTaskSeen) return found_.layout.task;
    return kind == TraceKind::kCgroupSeen ? found_.layout.cgroup : found_.layout.cpu;
  }

  std::string why(TraceKind kind) const {
    for (const MissingProbe& one : found_.missing)
      if (one.kind == kind) return one.why;
    return {};
  }
  void miss(TraceKind kind, std::string_view field, std::string why) {
    found_.missing.push_back({kind, std::string(field), std::move(why)});
  }

  // A part of the kind is there and cannot be seen: what is seen is not all.
  void lack(TraceKind kind, std::string why) {
    incomplete_.insert(kind);
    miss(kind, "", std::move(why));
  }

  void place(const Row& row) {
    if (row.where.front().starts_with(kOfEachClass)) {
      for (const ClassRow& one : kClasses) place_method(row, one);
      return;
    }
    for (const std::string_view name : row.where) {
      const auto symbol = symbols_.find(name);
      if (!symbol) continue;
      const auto function = btf_.find(name, BtfKind::kFunc);
      put(row, symbol->address, function.value_or(0), SchedClass::kFair);
      return;
    }
    miss(row.kind, "", fmt::format("no function {}", row.where.front()));
  }

  void place_method(const Row& row, const ClassRow& of) {
    const auto symbol = symbols_.find(of.symbol);
    if (!symbol) return;
    const auto member = btf_.member("sched_class", row.where.front().substr(kOfEachClass.size()));
    if (!member) return lack(row.kind, member.error().message());
    const auto pointer = elf_.at_address(symbol->address + member->offset_bits / 8, 8);
    std::uint64_t address = 0;
    if (pointer) std::memcpy(&address, pointer->data(), sizeof address);
    if (pointer && address == 0) return;  // the class has no such method
    if (!elf_.is_loaded(address)) return lack(row.kind, fmt::format("{} is not in the image", of.symbol));
    put(row, address, 0, of.sched_class);
  }

  void put(const Row& row, std::uint64_t address, BtfTypeId function, SchedClass sched_class) {
    control::Probe probe{};
    probe.address = address;
    if (const Status compiled = compile(row, function, sched_class, probe); !compiled)
      return lack(row.kind, compiled.error().message());
    if (found_.probes.size() == control::kMostProbes)
      return lack(row.kind, fmt::format("there is room for {} probes", control::kMostProbes));
    found_.probes.push_back(probe);
    placed_.insert(row.kind);
  }

  Status compile(const Row& row, BtfTypeId function, SchedClass sched_class, control::Probe& probe) {
    probe.kind = static_cast<std::uint32_t>(row.kind);
    for (const auto& [field, expression] : row.values) {
      const std::string constant = fmt::format("={}", static_cast<int>(sched_class));
      auto value = compile_value(btf_, function, expression == kClassValue ? constant : expression, probe);
      if (!value) return std::move(value).error();
      if (value->absent && !field.empty()) miss(row.kind, field, fmt::format("no {}", expression.substr(1)));
    }
    return ok();
  }

  std::uint64_t address(std::string_view name) const {
    const auto symbol = symbols_.find(name);
    return symbol ? symbol->address : 0;
  }
  Status offset(std::string_view of, std::string_view member, std::uint64_t& into) const {
    KTSTR_TRY_ASSIGN(const std::uint64_t bits, btf_.member_offset_bits(of, member));
    into = bits / 8;
    return ok();
  }

  Status lay_out() {
    KernelLayout& layout = found_.layout;
    layout.banner = address("linux_banner");
    layout.page_offset_base = address("page_offset_base");
    layout.pgdir_shift = address("pgdir_shift");
    layout.top_table = address("init_top_pgt");
    layout.init_task = address("init_task");
    layout.runqueues = address("runqueues");
    layout.per_cpu_offset = address("__per_cpu_offset");
    layout.tsc_khz = address("tsc_khz");
    for (const auto& [name, where] : {std::pair("linux_banner", layout.banner),
                                      {"init_top_pgt", layout.top_table},
                                      {"init_task", layout.init_task},
                                      {"runqueues", layout.runqueues},
                                      {"__per_cpu_offset", layout.per_cpu_offset}})
      if (where == 0) return fail(ErrorCode::kNotFound, "this kernel has no symbol {}", name);
    const auto banner = elf_.at_address(layout.banner, layout.banner_text.size());
    if (!banner) return fail(ErrorCode::kNotFound, "linux_banner is not in the image");
    std::memcpy(layout.banner_text.data(), banner->data(), banner->size());
    KTSTR_TRY(offset("task_struct", "tasks", layout.tasks));
    KTSTR_TRY(offset("task_struct", "signal", layout.signal));
    KTSTR_TRY(offset("task_struct", "thread_node", layout.thread_node));
    return offset("signal_struct", "thread_head", layout.thread_head);
  }

  const ElfFile& elf_;
  const KernelSymbols& symbols_;
  const Btf& btf_;
  KernelProbes found_;
  std::set<TraceKind> placed_, incomplete_;
};

}  // namespace

Result<KernelProbes> find_probes(ByteSpan vmlinux) {
  KTSTR_TRY_ASSIGN(const ElfFile elf, ElfFile::parse(vmlinux));
  KTSTR_TRY_ASSIGN(const KernelSymbols symbols, KernelSymbols::from_image(elf));
  const auto section = elf.contents(".BTF");
  if (!section) return fail(ErrorCode::kNotFound, "the kernel has no BTF (no .BTF section)");
  KTSTR_TRY_ASSIGN(const Btf btf, Btf::parse(*section));
  return Finder(elf, symbols, btf).find();
}

Status check_catalogue() {
  for (const std::vector<Row>* all : {&rows(), &snapshot_rows()}) {
    for (const Row& row : *all) {
      const std::vector<TraceField>& wanted = trace_fields(row.kind);
      std::vector<std::string_view> named;
      for (const auto& [field, expression] : row.values)
        if (!field.empty()) named.push_back(field);
      const bool same = std::equal(named.begin(), named.end(), wanted.begin(), wanted.end(),
                                   [](std::string_view name, const TraceField& field) { return name == field.name; });
      if (!same) return fail(ErrorCode::kInternal, "the catalogue's row of {} has other fields", to_string(row.kind));
    }
  }
  return ok();
}

namespace {

// What a remembered answer depends on beside the kernel.
std::string catalogue_digest() {
  std::string text =
      fmt::format("narrow {} {} {}", control::kProbeVersion, sizeof(control::Probe), sizeof(KernelLayout));
  for (const std::vector<Row>* all : {&rows(), &snapshot_rows()}) {
    for (const Row& row : *all) {
      text += fmt::format("\n{}", to_string(row.kind));
      for (const auto name : row.where) text += fmt::format(" {}", name);
      for (const auto& [field, expression] : row.values) text += fmt::format("\n{}={}", field, expression);
    }
  }
  return sha256(as_byte_span(text));
}

template <typename T>
ByteSpan bytes_of(const T& plain) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_bytes(std::span(&plain, 1));
}
template <typename T>
void read_into(ByteReader& in, T& plain) {
  const ByteSpan bytes = in.raw(sizeof plain);
  if (!in.failed()) std::memcpy(&plain, bytes.data(), sizeof plain);
}

ByteVector packed(const KernelProbes& found) {
  ByteWriter out;
  out.text(catalogue_digest());
  out.u32(static_cast<std::uint32_t>(found.probes.size()));
  for (const control::Probe& probe : found.probes) out.raw(bytes_of(probe));
  out.raw(bytes_of(found.layout));
  out.u32(static_cast<std::uint32_t>(found.missing.size()));
  for (const MissingProbe& one : found.missing) {
    out.u16(static_cast<std::uint16_t>(one.kind));
    out.text(one.field);
    out.text(one.why);
  }
  return out.take();
}

std::optional<KernelProbes> unpacked(ByteSpan bytes) {
  ByteReader in(bytes);
  if (in.text() != catalogue_digest()) return {};
  KernelProbes found;
  found.probes.resize(in.count(sizeof(control::Probe)));
  for (control::Probe& probe : found.probes) read_into(in, probe);
  read_into(in, found.layout);
  found.missing.resize(in.count(10));
  for (MissingProbe& one : found.missing) {
    one.kind = TraceKind{in.u16()};
    one.field = in.text();
    one.why = in.text();
  }
  if (in.failed() || found.probes.size() > control::kMostProbes) return {};
  return found;
}

}  // namespace

Result<KernelProbes> probes_of(const fs::path& vmlinux, const std::string& sha256, const fs::path& directory) {
  const fs::path remembered = directory / sha256;
  if (const auto bytes = read_bytes(remembered))
    if (auto found = unpacked(*bytes)) return *std::move(found);
  const Activity looking("looking for the scheduler's functions in the kernel");
  KTSTR_TRY_ASSIGN(const ByteVector image, read_bytes(vmlinux));
  KTSTR_TRY_ASSIGN(KernelProbes found, find_probes(image));
  std::error_code error;
  fs::create_directories(directory, error);
  if (const Status kept = write_atomically(remembered, packed(found)); !kept)
    log_info("the kernel will be looked into again: {}", kept.error().message());
  return found;
}

}  // namespace ktstr
