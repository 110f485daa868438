// SPDX-License-Identifier: Apache-2.0
//
// Pictures and tables of the stretch of time that is in view.

const WIDE = 520, HIGH = 190, LEFT = 52, BOTTOM = 24, TOP = 8, RIGHT = 8;

// x and y go from [from, to] to places of a picture; `log` of the two says which is logarithmic.
function picture(label, x, y, marksOf) {
  const scaled = (axis, size, start, sign) => (value) => {
    const part = axis.log ? Math.log(value / axis.from) / Math.log(axis.to / axis.from) : (value - axis.from) / (axis.to - axis.from);
    return start + sign * Math.min(1, Math.max(0, part)) * size;
  };
  const px = scaled(x, WIDE - LEFT - RIGHT, LEFT, 1), py = scaled(y, HIGH - TOP - BOTTOM, HIGH - BOTTOM, -1);
  const ticks = (axis) => {
    if (axis.log) { const all = []; for (let value = axis.from; value <= axis.to * 1.001; value *= 10) all.push(value); return all; }
    const raw = (axis.to - axis.from) / 4, power = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999);
    const all = [];
    for (let value = Math.ceil(axis.from / step) * step; value <= axis.to + step * 1e-6; value += step) all.push(value);
    return all;
  };
  const node = drawn('svg', {viewBox: `0 0 ${WIDE} ${HIGH}`, role: 'img', 'aria-label': label});
  for (const value of ticks(x)) node.append(drawn('line', {class: 'grid', x1: px(value), x2: px(value), y1: TOP, y2: HIGH - BOTTOM}), drawn('text', {x: Math.min(px(value), WIDE), y: HIGH - 8, 'text-anchor': px(value) > WIDE - 40 ? 'end' : 'middle'}, x.text(value)));
  for (const value of ticks(y)) node.append(drawn('line', {class: 'grid', x1: LEFT, x2: WIDE - RIGHT, y1: py(value), y2: py(value)}), drawn('text', {x: LEFT - 5, y: py(value) + 4, 'text-anchor': 'end'}, y.text(value)));
  node.append(...marksOf(px, py));
  return node;
}
const line = (points, colour, dashed) => drawn('path', {class: 'curve', d: points.map(([x, y], i) => (i === 0 ? 'M' : 'L') + x.toFixed(1) + ' ' + y.toFixed(1)).join(''), stroke: colour, 'stroke-dasharray': dashed ? '5 4' : null});
const legend = (model, cgroups) => make('p', {class: 'legend'}, cgroups.map((cgroup) => make('span', null, swatch(cgroupColor(model, cgroup)), model.cgroupName(cgroup))));
function swatch(colour) {
  const node = drawn('svg', {class: 'swatch', viewBox: '0 0 10 10', 'aria-hidden': 'true'}, drawn('rect', {width: 10, height: 10, fill: colour}));
  return node;
}
const timeAxis = (view) => {
  const places = Math.max(0, Math.min(6, 1 - Math.floor(Math.log10((view.to - view.from) / 4e9))));
  return {from: view.from, to: view.to, text: (at) => (at / 1e9).toFixed(places) + ' s'};
};
const figure = (title, ...children) => make('figure', null, make('figcaption', null, title), children);

// CPU time of each cgroup by slices of the view.
function shares(model, view, bins) {
  const width = (view.to - view.from) / bins, ran = model.shown.map(() => new Float64Array(bins)), all = new Float64Array(bins);
  for (const lane of model.slices)
    for (let i = Math.max(0, lower(lane.from, view.from) - 1); i < lane.from.length && lane.from[i] < view.to; ++i) {
      const rank = lane.cgroup[i] < 0 ? -1 : model.rank[lane.cgroup[i]];
      if (lane.cgroup[i] < 0 || isSystem(model.cgroups[lane.cgroup[i]])) continue;
      const from = Math.max(lane.from[i], view.from), to = Math.min(lane.to[i], view.to);
      for (let bin = Math.floor((from - view.from) / width), at = from; at < to && bin < bins; ++bin) {
        const end = Math.min(to, view.from + (bin + 1) * width), length = Math.max(0, end - at);
        all[bin] += length;
        if (rank >= 0) ran[rank][bin] += length;
        at = Math.max(at, end);
      }
    }
  return {ran, all, width};
}

function shareChart(model, view) {
  const bins = 100, {ran, all, width} = shares(model, view, bins);
  if (model.shown.length === 0) return null;
  const entitled = new Map(model.pack.record.cgroups.filter((one) => one.entitled_pct >= 0).map((one) => [one.cgroup, one.entitled_pct]));
  const chart = picture('share of CPU time of each cgroup over time', timeAxis(view), {from: 0, to: 100, text: (value) => value + '%'}, (x, y) => [
    ran.map((row, rank) => line([...row].map((value, bin) => [x(view.from + (bin + 0.5) * width), y(all[bin] > 0 ? 100 * value / all[bin] : 0)]), cgroupColor(model, model.shown[rank]))),
    model.shown.map((cgroup) => [...entitled].filter(([name]) => model.cgroupName(cgroup).split('/').pop() === name).map(([, pct]) => line([[x(view.from), y(pct)], [x(view.to), y(pct)]], cgroupColor(model, cgroup), true))),
  ].flat(3));
  const words = entitled.size > 0 ? 'Share of the CPU time of all cgroups; dashed: what its weight entitles it to' : 'Share of the CPU time of all cgroups';
  return figure(words, chart, legend(model, model.shown));
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
// What tasks of each cgroup waited, of waits that end in the view; `woken`: only those that a wake-up began.
function waitsOf(model, view, woken) {
  const waits = model.waits, lists = new Map();
  for (let i = 0; i < waits.to.length; ++i) {
    if (waits.to[i] < view.from || waits.to[i] > view.to || (woken && !waits.woken[i])) continue;
    const cgroup = waits.cgroup[i], key = cgroup >= 0 && model.rank[cgroup] >= 0 ? cgroup : -1;
    if (key < 0) continue;
    if (!lists.has(key)) lists.set(key, []);
    lists.get(key).push(waits.to[i] - waits.from[i]);
  }
  return model.shown.filter((cgroup) => lists.has(cgroup)).map((cgroup) => [cgroup, lists.get(cgroup).sort((a, b) => a - b)]);
}

const LEAST_WAIT = 1e3;
function waitChart(model, view, woken) {
  const lists = waitsOf(model, view, woken);
  if (lists.length === 0) return figure(woken ? 'Waits after wake-ups' : 'All waits', make('p', {class: 'quiet'}, 'no such wait ends in view'));
  const most = 10 ** Math.ceil(Math.log10(Math.max(...lists.map(([, list]) => list[list.length - 1]), 10 * LEAST_WAIT)));
  const chart = picture('how many of the waits were at most so long', {from: LEAST_WAIT, to: most, log: true, text: duration}, {from: 0, to: 100, text: (value) => value + '%'}, (x, y) =>
    lists.map(([cgroup, list]) => {
      const points = [];
      for (let i = 0; i <= 200; ++i) points.push([x(Math.max(LEAST_WAIT, quantile(list, i / 200))), y(i / 2)]);
      return line(points, cgroupColor(model, cgroup));
    }));
  const rows = lists.map(([cgroup, list]) => [[swatch(cgroupColor(model, cgroup)), model.cgroupName(cgroup)], list.length, ...[0.5, 0.9, 0.99, 0.999].map((part) => duration(quantile(list, part))), duration(list[list.length - 1])]);
  return figure(woken ? 'Waits after wake-ups: part of them that was at most so long' : 'All waits: part of them that was at most so long', chart,
    table('Waits by cgroup', ['cgroup', 'waits', 'p50', 'p90', 'p99', 'p99.9', 'longest'], rows, {class: 'small'}));
}

function heatChart(model, view, woken) {
  const across = 100, up = 28, counts = new Map(), waits = model.waits;
  let most = 1;
  for (let i = 0; i < waits.to.length; ++i) {
    if (waits.to[i] < view.from || waits.to[i] > view.to || (woken && !waits.woken[i]) || waits.cgroup[i] < 0 || model.rank[waits.cgroup[i]] < 0) continue;
    const bin = Math.min(across - 1, Math.floor((waits.to[i] - view.from) / (view.to - view.from) * across));
    const level = Math.min(up - 1, Math.max(0, Math.floor(4 * Math.log10(Math.max(1, waits.to[i] - waits.from[i]) / LEAST_WAIT))));
    const key = bin * up + level, count = (counts.get(key) || 0) + 1;
    counts.set(key, count);
    most = Math.max(most, count);
  }
  if (counts.size === 0) return null;
  const height = (HIGH - TOP - BOTTOM) / up, width = (WIDE - LEFT - RIGHT) / across;
  const chart = picture('how long waits were over time', timeAxis(view), {from: LEAST_WAIT, to: 1e10, log: true, text: duration}, (x, y) =>
    [...counts].map(([key, count]) => drawn('rect', {x: LEFT + Math.floor(key / up) * width, y: HIGH - BOTTOM - (key % up + 1) * height, width: width + 0.3, height: height + 0.3, fill: theme.wait, 'fill-opacity': (0.2 + 0.8 * Math.log(1 + count) / Math.log(1 + most)).toFixed(2)})));
  return figure('How long waits were over time; darker: more of them', chart);
}

function depthChart(model, view) {
  const bins = 120, width = (view.to - view.from) / bins, most = new Float64Array(bins), sum = new Float64Array(bins);
  let waiting = 0, last = -Infinity;
  const phases = new Uint8Array(model.tasks.length);
  const pass = (to) => {
    let at = Math.max(last, view.from);
    const end = Math.min(to, view.to);
    for (let bin = Math.floor((at - view.from) / width); at < end && bin < bins; ++bin) {
      const until = Math.min(end, view.from + (bin + 1) * width);
      sum[bin] += waiting * Math.max(0, until - at);
      most[bin] = Math.max(most[bin], waiting);
      at = Math.max(at, until);
    }
    last = to;
  };
  for (let i = 0; i < model.at.length && model.at[i] <= view.to; ++i) {
    if (model.at[i] > last) pass(model.at[i]);
    const k = model.who[i], after = model.phase[i];
    if (phases[k] === WAITING) --waiting;
    if (after === WAITING) ++waiting;
    phases[k] = after;
  }
  pass(Math.min(view.to, model.to));
  const top = Math.max(2, ...most);
  const chart = picture('tasks that wait for a CPU over time', timeAxis(view), {from: 0, to: top, text: (value) => value.toFixed(top < 4 ? 1 : 0)}, (x, y) => {
    const of = (values) => [...values].map((value, bin) => [x(view.from + (bin + 0.5) * width), y(value)]);
    return [line(of(most), theme.quiet, true), line(of(sum.map((value) => value / width)), theme.wait)];
  });
  return figure('Tasks that wait for a CPU; dashed: most of them at once', chart);
}

const DISTANCES = ['to a sibling of the same core', 'within an LLC', 'within a node', 'to another node'];
function migrationTable(model, view) {
  const counts = [0, 0, 0, 0], places = model.pack.places;
  for (const [at, , from, to] of model.migrations) {
    if (at < view.from || at > view.to) continue;
    const a = places[from], b = places[to];
    if (!a || !b) continue;
    counts[a[2] === b[2] ? 0 : a[1] === b[1] ? 1 : a[0] === b[0] ? 2 : 3]++;
  }
  const all = counts.reduce((a, b) => a + b, 0);
  const used = DISTANCES.map((words, i) => [words, counts[i], percent(counts[i], all)]).filter(([, count]) => count > 0);
  return used.length > 0 ? table('Migrations in view, by distance', ['distance', 'migrations', 'part'], used, {class: 'small'}) : make('p', {class: 'quiet'}, 'no task changes its CPU in view');
}

function taskTable(model, view, timeline) {
  const sums = model.account(view.from, view.to), span = Math.min(view.to, model.to) - view.from;
  const rows = sums.slice(0, 40).map((sum) => [make('button', {type: 'button', class: 'link', onclick: () => timeline.setFocus(sum.task)}, model.name(sum.task)),
    model.cgroupName(model.cgroupOf[sum.task]), duration(sum.ran), percent(sum.ran, span), duration(sum.waited), duration(sum.longestWait), duration(sum.slept), sum.runs, sum.preempted, sum.wakeups, sum.migrations]);
  const more = sums.length > rows.length ? make('p', {class: 'quiet'}, `and ${sums.length - rows.length} more that ran less`) : null;
  return [table('Tasks in view', ['task', 'cgroup', 'ran', 'of a CPU', 'waited', 'longest', 'slept', 'runs', 'preempted', 'wake-ups', 'migrations'], rows, {text: [1]}), more];
}
