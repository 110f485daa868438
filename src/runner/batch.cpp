// SPDX-License-Identifier: Apache-2.0
#include "runner/batch.h"

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/log.h"
#include "results/run_directory.h"
#include "runner/explore.h"
#include "runner/judge/classify.h"
#include "runner/store_run.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostHeld = 100;  // directories of runs: each is an open file

std::uint64_t cells_of(const BatchTest& test) {
  std::uint64_t cells = 1;
  for (const Axis& axis : test.axes) cells *= axis.values.size();
  return cells;
}

// `index` is among the test's own cells.
std::vector<AxisValue> values_at(const BatchTest& test, std::uint64_t index) {
  std::vector<AxisValue> values(test.axes.size());
  for (std::size_t i = values.size(); i-- > 0;) {
    const Axis& axis = test.axes[i];
    values[i] = {axis.name, axis.values[index % axis.values.size()]};
    index /= axis.values.size();
  }
  return values;
}

RunRecord refused(const Cell& cell) {
  RunRecord record;
  record.test = cell.test;
  record.outcome = outcome_of_error(*cell.refusal, cell.refusal->code() == ErrorCode::kNotFound);
  record.error = cell.refusal->message();
  record.error_hint = cell.refusal->hint();
  return record;
}

// A cell while its runs are made. Written by the pool's threads before its first run, then only read.
struct LiveCell {
  Cell cell;
  RunRequest request;
  Bytes ram = 0;
  std::mutex mutex;
  std::optional<RunRecord> bad_input;  // what the first such run to end said
  std::atomic<std::uint64_t> made{0};  // runs
};

class BatchRun {
 public:
  BatchRun(const Batch& batch, const BatchOptions& options)
      : batch_(batch), options_(options), runs_(batch.runs_of_cell()), cells_(batch.cells()), live_(cells_) {}

  BatchResult run() {
    const auto job = [this](std::uint64_t index) { return job_of(index / runs_, index % runs_); };
    const auto done = [this](std::uint64_t index, RunRecord record) {
      return take(index / runs_, index % runs_, std::move(record));
    };
    run_pool(cells_ * runs_, job, options_.pool, done);
    if (!result_.cells.empty()) end(result_.cells.size() - 1);
    while (result_.cells.size() < cells_) result_.cells.push_back(cell_at(result_.cells.size()));
    return std::move(result_);
  }

 private:
  Cell cell_at(std::uint64_t index) const;
  std::unique_ptr<LiveCell> come_alive(std::uint64_t index) const;
  Status put_together(LiveCell& live) const;
  PoolJob job_of(std::uint64_t index, std::uint64_t run);
  RunRecord run_one(LiveCell& live, std::uint64_t run) const;
  RunRecord run_for_real(const LiveCell& live, std::uint64_t run) const;
  bool take(std::uint64_t index, std::uint64_t run, RunRecord record);
  void add(Cell& cell, std::uint64_t run, RunRecord record);
  void end(std::uint64_t index);
  void hold(const RunRecord& record);

  const Batch& batch_;
  const BatchOptions& options_;
  const std::uint64_t runs_, cells_;
  std::vector<std::unique_ptr<LiveCell>> live_;  // each from its first run to its last
  std::vector<FileLock> held_;
  BatchResult result_;
};

Cell BatchRun::cell_at(std::uint64_t index) const {
  Cell cell{.number = index + 1, .runs = runs_};
  while (index >= cells_of(batch_.tests[cell.test_index])) index -= cells_of(batch_.tests[cell.test_index++]);
  const BatchTest& test = batch_.tests[cell.test_index];
  cell.test = test.name;
  cell.values = values_at(test, index);
  return cell;
}

Status BatchRun::put_together(LiveCell& live) const {
  const BatchTest& test = batch_.tests[live.cell.test_index];
  KTSTR_TRY_ASSIGN(live.request, test.request(live.cell.values));
  live.cell.test = live.request.settings.test;
  if (batch_.seeds) live.request.settings.seed = batch_.seeds->from;
  if (test.prepare) KTSTR_TRY(test.prepare(live.request));
  if (test.repeat_command) live.request.repeat_command = test.repeat_command(live.request);
  live.ram = live.request.on_host ? 0 : ram_of(live.request);
  return ok();
}

std::unique_ptr<LiveCell> BatchRun::come_alive(std::uint64_t index) const {
  auto live = std::make_unique<LiveCell>();
  Cell& cell = live->cell;
  cell = cell_at(index);
  try {
    if (const Status status = put_together(*live); !status) cell.refusal = status.error();
  } catch (const std::exception& thrown) {
    cell.refusal = Error(ErrorCode::kInternal, std::string("cannot put the run together: ") + thrown.what());
  }
  if (cell.refusal && !cell.values.empty()) cell.refusal->context(describe(cell.values));
  if (!batch_.seeds) return live;
  cell.exploration = Exploration{.test = cell.test, .cell = cell.values, .range = *batch_.seeds};
  if (cell.refusal) return live;
  cell.exploration->mode = live->request.mode;
  cell.exploration->vary = live->request.settings.vary.to_string();
  return live;
}

PoolJob BatchRun::job_of(std::uint64_t index, std::uint64_t run) {
  if (run == 0) live_[index] = come_alive(index);
  LiveCell& live = *live_[index];
  return {live.ram, [this, &live, run] {
            RunRecord record = run_one(live, run);
            // The cell may have to wait for slower ones to be handed out; what it has packed need not.
            if (++live.made == runs_) live.request.packed.reset();
            return record;
          }};
}

RunRecord BatchRun::run_one(LiveCell& live, std::uint64_t run) const {
  if (live.cell.refusal) return refused(live.cell);
  const auto said = [&] {
    const std::lock_guard lock(live.mutex);
    return live.bad_input;
  };
  if (auto record = said()) return *std::move(record);
  RunRecord record = run_for_real(live, run);
  if (record.outcome != Outcome::kBadInput) return record;
  const std::lock_guard lock(live.mutex);
  if (!live.bad_input) live.bad_input = record;
  return record;
}

RunRecord BatchRun::run_for_real(const LiveCell& live, std::uint64_t run) const {
  if (!batch_.seeds) return options_.run(live.request);
  RunRequest request = live.request;
  request.settings.seed = batch_.seeds->from + run;
  const BatchTest& test = batch_.tests[live.cell.test_index];
  if (test.repeat_command) request.repeat_command = test.repeat_command(request);
  return options_.run(request);
}

bool BatchRun::take(std::uint64_t index, std::uint64_t run, RunRecord record) {
  if (!live_[index]) live_[index] = come_alive(index);  // the pool could start no thread that would have
  if (run == 0) result_.cells.push_back(live_[index]->cell);
  Cell& cell = result_.cells[index];
  const auto is_over = [&] { return cell.refusal || cell.counts.contains(Outcome::kBadInput); };
  if (run == 0 || !is_over()) add(cell, run, std::move(record));
  if (run + 1 == runs_) end(index);
  return !is_over() || index + 1 < cells_;
}

void BatchRun::add(Cell& cell, std::uint64_t run, RunRecord record) {
  if (record.test.empty()) record.test = cell.test;  // not even begun
  if (batch_.seeds) record.tuple.seed = batch_.seeds->from + run;
  const bool is_first = run == 0;
  if (!batch_.seeds && !is_first) compare_repeated(cell.records.front(), record);
  ++cell.counts[record.outcome];
  const auto groups = [&] { return result_.groups.size() + (cell.exploration ? cell.exploration->groups.size() : 0); };
  const std::size_t known = groups();
  if (record.outcome == Outcome::kFail) add_failure(result_.groups, record, cell.number);
  if (cell.exploration) add_to(*cell.exploration, record);
  if (cell.exploration && cell.refusal) cell.exploration->first_trouble = record.error;
  if (options_.ran) options_.ran(cell, record, run + 1);
  if (groups() > known) hold(record);
  if (batch_.seeds) {
    if (record.outcome == Outcome::kPass) remove_run(record);
  } else if (is_first || options_.keep_records) {
    cell.records.push_back(std::move(record));
  }
}

void BatchRun::end(std::uint64_t index) {
  if (!live_[index]) return;
  live_[index].reset();
  if (options_.ended) options_.ended(result_.cells[index]);
}

void BatchRun::hold(const RunRecord& record) {
  if (record.run_dir.empty() || held_.size() == kMostHeld) return;
  auto lock = hold_run(record.run_dir);
  if (lock && *lock) held_.push_back(**std::move(lock));
}

}  // namespace

std::uint64_t Batch::cells() const {
  std::uint64_t cells = 0;
  for (const BatchTest& test : tests) cells += cells_of(test);
  return cells;
}

BatchResult run_batch(const Batch& batch, const BatchOptions& options) { return BatchRun(batch, options).run(); }

}  // namespace ktstr
