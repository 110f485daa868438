// SPDX-License-Identifier: Apache-2.0
//
// Tables of what a run's result.json says.

const cpuText = (text) => text === '' ? '-' : text;
function cgroupTable(record) {
  const entitled = record.cgroups.some((one) => one.entitled_pct >= 0);
  const heads = ['cgroup', 'step', 'workers', 'class', 'CPUs', 'CPU time', 'share', ...(entitled ? ['entitled', 'weight'] : []), 'off CPU', 'spread', 'longest gap', 'migrations', 'wake-ups', 'wake p50', 'wake p99'];
  return table('Cgroups', heads, record.cgroups.map((one) => [one.cgroup || '(none)', one.step || '-', one.workers, one.sched_class, cpuText(one.cpus_used), duration(one.cpu_time_ns), one.share_pct.toFixed(1) + '%',
    ...(entitled ? [one.entitled_pct < 0 ? '-' : one.entitled_pct.toFixed(1) + '%', one.weight || '-'] : []),
    one.avg_off_cpu_pct.toFixed(1) + '%', one.spread_pct.toFixed(1) + '%', duration(one.max_gap_ns), one.migrations, one.wakeups, one.wakeups > 0 ? duration(one.wake_p50_ns) : '-', one.wakeups > 0 ? duration(one.wake_p99_ns) : '-']), {text: [3, 4]});
}
function latencyTable(record) {
  const rows = record.cgroups.flatMap((one) => one.latencies.map((of) => [`${one.cgroup}: ${of.what}`, of.count, duration(of.p50_ns), duration(of.p90_ns), duration(of.p99_ns), duration(of.p999_ns), duration(of.max_ns)]));
  return table('Latencies that workers measured', ['what', 'count', 'p50', 'p90', 'p99', 'p99.9', 'longest'], rows);
}
function workerTable(record) {
  const rows = record.workers.map((one) => [`${one.cgroup}/${one.index}`, one.pid, one.step || '-', one.work_units, one.iterations, duration(one.cpu_time_ns), duration(one.run_delay_ns), duration(one.max_gap_ns), one.migrations, cpuText(one.cpus_used), one.exit || 'ended']);
  return rows.length > 0 ? folded(`${rows.length} workers`, table('Workers', ['worker', 'pid', 'step', 'units', 'iterations', 'CPU time', 'waited', 'longest gap', 'migrations', 'CPUs', 'end'], rows, {text: [9, 10]})) : null;
}

// "gap: the 2 workers of service, limit 2000 ms" and what was measured of it, as far as the record has it.
const MEASURED = {
  gap: [(one) => one.max_gap_ns / 1e6, 'ms'],
  spread: [(one) => one.spread_pct, '%'],
};
function checkTable(record) {
  const rows = record.checked.map(({text, step}) => {
    const [, name, rest] = /^([\w ]+): ?(.*)$/s.exec(text) || [null, text, ''];
    const limit = /,? ?limit ([\d.]+) ?([^\s,]*)/.exec(rest);
    const cgroup = record.cgroups.find((one) => one.step === step && rest.replace(/,? ?limit .*$/, '').endsWith(' of ' + one.cgroup));
    let measured = '-', margin = '-', state = 'looked at';
    const most = /^(?:longest|most) ([\d.]+|none)([^,]*)/.exec(rest);  // what the recorder has seen
    if (most) {
      measured = most[1] + (most[1] === 'none' ? '' : most[2]);
      if (limit && Number(most[1]) > 0 && most[2].trim() === limit[2]) margin = digits(Number(limit[1]) / Number(most[1]), 2) + '×';
    }
    if (limit && cgroup && MEASURED[name]) {
      const value = MEASURED[name][0](cgroup);
      measured = digits(value, 3) + ' ' + MEASURED[name][1];
      margin = value > 0 ? digits(Number(limit[1]) / value, 2) + '×' : '-';
      if (value > Number(limit[1])) state = 'over its limit';
    }
    return [name, state, most ? 'all tasks' : rest.replace(/,? ?limit .*$/, '') || 'the run', step || '-', limit ? `${limit[1]} ${limit[2]}` : '-', measured, margin];
  });
  for (const detail of record.details.filter((one) => one.verdict === 'fail'))
    rows.unshift([detail.kind, 'failed', detail.cgroup || 'the run', detail.step || '-', detail.limit === null || detail.limit === undefined ? '-' : `${digits(detail.limit, 4)} ${detail.unit}`,
      detail.measured === null || detail.measured === undefined ? '-' : `${digits(detail.measured, 4)} ${detail.unit}`, detail.measured > 0 && detail.limit > 0 ? digits(detail.limit / detail.measured, 2) + '×' : '-']);
  return table('Checks', ['check', 'state', 'of what', 'step', 'limit', 'measured', 'limit / measured'], rows, {text: [1, 2]});
}
const BAD = ['fail', 'inconclusive'];
function findingList(record) {
  const list = record.details.filter((detail) => BAD.includes(detail.verdict));
  const notes = record.details.filter((detail) => !BAD.includes(detail.verdict));
  const words = (detail) => make('li', null, make('strong', null, detail.kind), detail.step ? ` in step ${detail.step}: ` : ': ', detail.message,
    detail.measured !== undefined && detail.measured !== null && detail.limit !== null && detail.limit !== undefined ? make('span', {class: 'quiet'}, ` (${digits(detail.measured, 4)} ${detail.unit}, limit ${digits(detail.limit, 4)} ${detail.unit})`) : null);
  return [record.error ? make('p', {class: 'error'}, record.error, record.error_hint ? make('span', {class: 'quiet'}, '; ' + record.error_hint) : null) : null,
    list.length > 0 ? make('ul', {class: 'findings'}, list.map(words)) : null, notes.length === 0 ? null : record.verdict === 'skip' ? make('ul', null, notes.map(words)) : folded(notes.length === 1 ? '1 note' : `${notes.length} notes`, make('ul', null, notes.map(words)))];
}
function schedulerTable(record) {
  return table('Schedulers', ['scheduler', 'life', 'state at the end', 'from', 'to', 'end'], record.schedulers.map((one, i) => [one.ops || '?', `${i + 1} of ${record.schedulers.length}: ${one.command}`, one.state_at_end || '-', seconds(one.from_ns, 3), one.to_ns ? seconds(one.to_ns, 3) : 'the end', one.exit_reason ? `${one.exit_reason} ${one.exit_message}` : one.exit || '-']), {text: [1, 2, 5]});
}
function payloadTable(record) {
  return table('Programs', ['program', 'step', 'exit', 'metrics'], (record.payloads || []).map((one) => [one.name, one.step || '-', one.exit || '-', (one.metrics || []).map((metric) => `${metric.name} ${metric.value}${metric.unit || ''}`).join(', ') || '-']), {text: [2, 3]});
}
const logs = (record) => [['What the scheduler printed', record.scheduler_log], ['The kernel log', record.kernel_log], ['Reports of the kernel', record.kernel_reports], ['What the test printed', record.body_log], ['The end of the console', record.console_tail]]
  .filter(([, lines]) => lines && lines.length > 0).map(([title, lines]) => folded(`${title} (${lines.length} lines)`, block(lines.join('\n'), title)));

function command(text) {
  if (!text) return null;
  const copy = button('copy', 'copy the command', () => navigator.clipboard && navigator.clipboard.writeText(text).then(() => { copy.textContent = 'copied'; }));
  return make('div', {class: 'command'}, make('code', {tabindex: 0}, text), copy);
}
