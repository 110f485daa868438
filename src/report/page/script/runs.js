// SPDX-License-Identifier: Apache-2.0
//
// The page of one run, and that of two beside each other.

// --- a run ---------------------------------------------------------------------------------------------------------

const runs = JSON.parse(document.getElementById('runs').textContent);
const packs = new Map();
async function packOf(i) {
  if (!packs.has(i)) packs.set(i, (async () => {
    const bytes = await unpacked('pack' + i);
    if (bytes === null) return null;
    const pack = JSON.parse(new TextDecoder().decode(bytes));
    if (pack.timeline) pack.model = new Model(pack, await unpacked('columns' + i));
    return pack;
  })());
  return packs.get(i);
}

const badge = (outcome) => make('span', {class: 'badge ' + outcomeClass(outcome)}, outcome.toUpperCase());
const outcomeClass = (outcome) => outcome === 'pass' ? 'pass' : outcome === 'skip' ? 'skip' : outcome === 'inconclusive' ? 'inconclusive' : 'fail';

function facts(row, record) {
  const pairs = [['test', row.test], ['kernel', row.kernel], ['scheduler', shortSchedulers(row.scheduler) || (record && record.body_start_ns > 0 ? 'the kernel\'s own' : null)], ['topology', row.topology], ['mode', row.mode], ['seed', row.seed], ['digest', row.digest && row.digest.slice(0, 12)],
    ['ran', record && record.body_start_ns > 0 ? `${duration(record.body_ns)} of guest time in ${record.host_seconds.toFixed(1)} s` : null], ['started', row.started], ['run', row.id]];
  return make('dl', {class: 'facts'}, pairs.filter(([, value]) => value).map(([name, value]) => make('div', null, make('dt', null, name), make('dd', null, value))));
}

const debounced = (wait, act) => { let timer = 0; return () => { clearTimeout(timer); timer = setTimeout(act, wait); }; };

// The pictures and tables of what is in view, drawn again when the view has stood still.
function inView(model, view, timeline) {
  const node = make('div', {class: 'figures'}), tasks = make('div');
  const state = {woken: true};
  const paint = () => {
    node.replaceChildren(...[shareChart(model, view), waitChart(model, view, state.woken), heatChart(model, view, state.woken), depthChart(model, view), figure('Migrations', migrationTable(model, view))].filter(Boolean));
    tasks.replaceChildren(...taskTable(model, view, timeline).filter(Boolean));
    node.dataset.drawn = String(Number(node.dataset.drawn || 0) + 1);
  };
  const choice = make('label', null, make('input', {type: 'checkbox', checked: true, onchange: (event) => { state.woken = event.target.checked; paint(); }}), ' only waits after wake-ups');
  view.onChange(debounced(150, paint));
  paint();
  return {node: section('In view', choice, node, tasks), paint};
}

let idsMade = 0;
function timelineControls(timeline, view) {
  const id = 'tasks' + ++idsMade;
  const field = make('input', {type: 'search', placeholder: 'task or cgroup', 'aria-label': 'search tasks and cgroups', list: id, oninput: () => timeline.search(field.value)});
  timeline.searchField = field;
  const where = make('span', {class: 'quiet where'});
  const sayWhere = () => { where.textContent = view.words(); };
  view.onChange(sayWhere); sayWhere();
  return make('div', {class: 'controls', role: 'group', 'aria-label': 'timeline'},
    button('−', 'zoom out (-)', () => view.zoom(1 / 0.6)), button('+', 'zoom in (+)', () => view.zoom(0.6)),
    button('←', 'earlier (left)', () => view.move(-0.3)), button('→', 'later (right)', () => view.move(0.3)), button('all', 'all of it (0)', () => view.fit()),
    timeline.findings.length > 0 ? button('next finding', 'next finding (f)', () => timeline.nextFinding(1)) : null,
    button('colours', 'colours by cgroup or by task (c)', () => timeline.toggleColours()),
    field, make('datalist', {id}, [...new Set(timeline.model.tasks.map((_, k) => timeline.model.name(k)))].slice(0, 500).map((name) => make('option', {value: name}))), where);
}
const keyHelp = () => folded('Keys', make('p', {id: 'keys'}, 'In the timeline: + and - zoom, left and right move, 0 shows all, f and F go to the next and the last finding, click or search gives a task a lane of its own with arrows from who woke it, n and p go to its next and last run, c changes colours, / searches, Escape lets go. The wheel zooms while the timeline has the focus.'));

function timelineNotes(model, row) {
  const notes = [];
  if (model.head.cut) notes.push(model.head.cut);
  if (model.head.holes) notes.push('events were lost, so the timeline has holes');
  if (model.head.source === 'tracefs') notes.push('the guest\'s kernel traced itself, on a machine whose CPUs the host may hold back');
  return notes.map((text) => make('p', {class: 'quiet'}, text));
}

const viewOf = (models) => new View(Math.min(...models.map((model) => Math.max(model.from, -0.05 * model.bodyEnd))), Math.max(...models.map((model) => model.to)));

function timelineSection(model, row, view) {
  const timeline = new Timeline(model, view, row.name);
  const node = make('section', null, make('h3', null, 'Timeline'), timelineControls(timeline, view), timeline.node, legend(model, model.shown), timeline.said, timelineNotes(model, row), keyHelp());
  return {timeline, node};
}

async function runPage(i) {
  const row = runs[i], pack = await packOf(i), record = pack && pack.record;
  const head = [make('h2', {tabindex: -1}, badge(row.outcome), ' ', row.name), facts(row, record)];
  if (pack === null) return [...head, make('p', null, row.message), make('p', {class: 'quiet'}, 'This page has no room for this run\'s record. A page of its own: ', make('code', null, `ktstr report ${row.id} -o page.html`)), section('Again', command(row.repeat))];
  const parts = [...head, section('What was found', findingList(record))];
  if (pack.model) {
    const {timeline, node} = timelineSection(pack.model, row, viewOf([pack.model]));
    parts.push(node);
    parts.push(inView(pack.model, timeline.view, timeline).node);
    currentTimeline = timeline;
    if (timeline.findings.length > 0 && timeline.findings[0].to > timeline.findings[0].from) timeline.nextFinding(1);
  } else parts.push(section('Timeline', make('p', {class: 'quiet'}, 'No timeline: ' + pack.no_timeline)));
  parts.push(section('Cgroups and workers', cgroupTable(record), latencyTable(record), workerTable(record)), section('What was looked at', checkTable(record)), section('Schedulers', schedulerTable(record)), section('Programs', payloadTable(record)),
    section('Again', command(record.replay_command), command(row.repeat)), section('What was printed', pack.text ? folded('The report as text', block(pack.text, 'report')) : null, logs(record)));
  return parts;
}

// --- two runs ------------------------------------------------------------------------------------------------------

function differences(a, b) {
  const of = (record) => new Map(record.cgroups.map((one) => [`${one.cgroup}${one.step ? ' in step ' + one.step : ''}`, one]));
  const left = of(a), right = of(b), names = [...new Set([...left.keys(), ...right.keys()])];
  const measures = [['CPU time', (one) => one.cpu_time_ns, duration], ['off CPU', (one) => one.avg_off_cpu_pct, (value) => value.toFixed(1) + '%'], ['longest gap', (one) => one.max_gap_ns, duration], ['migrations', (one) => one.migrations, String], ['wake p99', (one) => (one.wakeups > 0 ? one.wake_p99_ns : null), duration]];
  const rows = names.flatMap((name) => measures.map(([what, value, text]) => {
    const x = left.has(name) ? value(left.get(name)) : null, y = right.has(name) ? value(right.get(name)) : null;
    return [`${name}: ${what}`, x === null ? '-' : text(x), y === null ? '-' : text(y), x && y !== null ? (y / x).toFixed(2) + '×' : '-'];
  }));
  return table('A beside B', ['what', 'A', 'B', 'B / A'], rows);
}

async function besidePage(i, k) {
  const both = [i, k], loaded = await Promise.all(both.map(packOf)), letters = ['A', 'B'];
  const parts = [make('h2', {tabindex: -1}, 'A beside B'), make('div', {class: 'pair'}, both.map((at, n) => make('div', null, make('h3', null, letters[n] + ': ', badge(runs[at].outcome), ' ', make('a', {href: '#run=' + at}, runs[at].name)), facts(runs[at], loaded[n] && loaded[n].record))))];
  const models = loaded.map((pack) => pack && pack.model);
  if (models[0] && models[1]) {
    const view = viewOf(models), timelines = models.map((model, n) => new Timeline(model, view, `${letters[n]}, ${runs[both[n]].name}`));
    parts.push(make('section', null, make('h3', null, 'Timelines, from the beginning of their bodies'), timelines.map((timeline, n) => [make('h4', null, letters[n]), timelineControls(timeline, view), timeline.node, legend(timeline.model, timeline.model.shown), timeline.said]), keyHelp()));
    parts.push(make('div', {class: 'pair'}, models.map((model, n) => make('div', null, make('h3', null, letters[n]), inView(model, view, timelines[n]).node))));
    currentTimeline = timelines[0];
  } else parts.push(make('p', {class: 'quiet'}, 'The page does not have the timelines of both.'));
  if (loaded[0] && loaded[1]) parts.push(section('Numbers', differences(loaded[0].record, loaded[1].record)), make('div', {class: 'pair'}, loaded.map((pack, n) => make('div', null, section('Found in ' + letters[n], findingList(pack.record))))));
  return parts;
}
