// SPDX-License-Identifier: Apache-2.0
//
// Draws the page that html_report.cpp writes. What a guest or a scheduler said gets into the page as text only: nothing
// here makes markup of a string.
'use strict';
(() => {

// --- elements ------------------------------------------------------------------------------------------------------

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(3))
    if (child !== null && child !== undefined) node.append(child.nodeType ? child : document.createTextNode(String(child)));
  return node;
}
const make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const drawn = (tag, attributes, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
const button = (text, label, onclick) => make('button', {type: 'button', 'aria-label': label, title: label, onclick}, text);

// Rows of cells; a cell may be an element. The first column of each row is its header.
function table(caption, heads, rows, options = {}) {
  if (rows.length === 0) return null;
  const cell = (value, i) => i === 0 ? make('th', {scope: 'row'}, value)
    : make('td', {class: (options.text || []).includes(i) ? 'text' : null}, value);
  return make('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption},
    make('table', {class: options.class}, make('caption', null, caption),
      make('thead', null, make('tr', null, heads.map((head, i) => make('th', {scope: 'col', class: (options.text || []).includes(i) ? 'text' : null}, head)))),
      make('tbody', null, rows.map((row) => make('tr', null, row.map(cell))))));
}

const section = (title, ...children) => {
  const parts = children.flat(3).filter((child) => child !== null && child !== undefined);
  return parts.length === 0 ? null : make('section', null, make('h3', null, title), parts);
};
const folded = (title, ...children) => make('details', null, make('summary', null, title), children);
const block = (text, label) => make('pre', {tabindex: 0, 'aria-label': label}, text);

// --- numbers -------------------------------------------------------------------------------------------------------

const digits = (value, most) => value.toFixed(Math.max(0, most - Math.max(1, Math.ceil(Math.log10(Math.abs(value) + 1e-9)))));
function duration(ns) {
  const size = Math.abs(ns);
  if (size >= 1e9) return digits(ns / 1e9, 4) + ' s';
  if (size >= 1e6) return digits(ns / 1e6, 3) + ' ms';
  if (size >= 1e3) return digits(ns / 1e3, 3) + ' µs';
  return Math.round(ns) + ' ns';
}
const seconds = (ns, places = 6) => (ns / 1e9).toFixed(places) + ' s';
const percent = (part, of) => of > 0 ? (100 * part / of).toFixed(1) + '%' : '-';

// --- what a timeline is made of ---------------------------------------------------------------------------------------

async function unpacked(id) {
  const node = document.getElementById(id);
  if (node === null) return null;
  const text = atob(node.textContent), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Column {
  constructor(bytes, place) {
    this.bytes = bytes;
    this.at = place ? place[0] : 0;
    this.end = place ? Math.min(place[0] + place[1], bytes.length) : 0;
  }
  more() { return this.at < this.end; }
  next() {
    let value = 0, scale = 1;
    while (this.at < this.end) {
      const byte = this.bytes[this.at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    return value;
  }
}

const SLEEPING = 1, WAITING = 2, RUNNING = 3, DEAD = 4;
const lower = (times, at, count = times.length) => {  // the first that is not below `at`
  let from = 0, to = count;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (times[middle] < at) from = middle + 1;
    else to = middle;
  }
  return from;
};

// A list of numbers that grows.
class Numbers {
  constructor(kind) { this.values = new kind(1024); this.length = 0; }
  push(value) {
    if (this.length === this.values.length) {
      const larger = new this.values.constructor(2 * this.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }
  whole() { return this.values.subarray(0, this.length); }
}

// All times are ns into the body.
class Model {
  constructor(pack, bytes) {
    const head = pack.timeline;
    this.head = head;
    this.pack = pack;
    this.zero = Number(BigInt(head.from_ns) - BigInt(pack.body_ns));
    this.from = this.zero;
    this.to = Number(BigInt(head.to_ns) - BigInt(pack.body_ns));
    this.bodyEnd = Number(BigInt(pack.body_end_ns) - BigInt(pack.body_ns));
    this.into = (text) => Number(BigInt(text) - BigInt(pack.body_ns));
    this.tasks = head.tasks;
    this.cgroups = head.cgroups.map(shortCgroup);
    this.column = (stream, name) => new Column(bytes, head.columns[stream][name]);
    this.readMoves();
    this.readPhases();
    this.readQueues();
    this.readSpans();
    this.nameCgroups();
  }

  readMoves() {
    const dt = this.column('move', 'dt'), task = this.column('move', 'task'), cgroup = this.column('move', 'cgroup');
    this.moves = [];
    for (let at = this.zero; dt.more();) {
      at += dt.next();
      this.moves.push([at, task.next(), cgroup.next()]);
    }
  }

  readPhases() {
    const dt = this.column('phase', 'dt'), task = this.column('phase', 'task'), what = this.column('phase', 'what');
    const cpu = this.column('phase', 'cpu'), by = this.column('wake', 'by');
    const count = this.tasks.length;
    const at = new Numbers(Float64Array), who = new Numbers(Uint32Array), phase = new Numbers(Uint8Array);
    const on = new Numbers(Uint16Array), waker = new Numbers(Int32Array);
    const last = {phase: new Uint8Array(count), cpu: new Uint16Array(count), since: new Float64Array(count).fill(-1),
      ranOn: new Int32Array(count).fill(-1), cgroup: new Int32Array(count).fill(-1), wokenBy: new Int32Array(count).fill(-1)};
    this.slices = [];
    for (let i = 0; i < this.head.cpus; ++i)
      this.slices.push({from: new Numbers(Float64Array), to: new Numbers(Float64Array), task: new Numbers(Uint32Array), cgroup: new Numbers(Int32Array)});
    const slice = (k, until) => {
      const lane = this.slices[last.cpu[k]];
      if (lane === undefined || until < last.since[k]) return;
      lane.from.push(last.since[k]);
      lane.to.push(until);
      lane.task.push(k);
      lane.cgroup.push(last.cgroup[k]);
    };
    this.waits = {from: new Numbers(Float64Array), to: new Numbers(Float64Array), task: new Numbers(Uint32Array), cgroup: new Numbers(Int32Array), cpu: new Numbers(Uint16Array), woken: new Numbers(Uint8Array)};
    this.migrations = [];
    let now = this.zero, moved = 0;
    const move = (until) => {
      for (; moved < this.moves.length && this.moves[moved][0] <= until; ++moved) {
        const [when, k, cgroup] = this.moves[moved];
        if (last.phase[k] === RUNNING && last.cgroup[k] !== cgroup) {
          slice(k, when);
          last.since[k] = when;
        }
        last.cgroup[k] = cgroup;
      }
    };
    while (dt.more()) {
      now += dt.next();
      move(now);
      const k = task.next(), bits = what.next(), after = bits & 7;
      if (k >= count) break;
      const before = (bits & 16) !== 0 ? 0 : last.phase[k];
      const to = (bits & 8) !== 0 ? cpu.next() : last.cpu[k];
      const wakes = after === WAITING && before !== RUNNING;
      at.push(now); who.push(k); phase.push(after); on.push(to);
      waker.push(wakes ? by.next() : -1);
      if (before === RUNNING) slice(k, now);
      if (before === WAITING) {
        const wait = this.waits;
        wait.from.push(last.since[k]); wait.to.push(now); wait.task.push(k); wait.cgroup.push(last.cgroup[k]);
        wait.cpu.push(last.cpu[k]); wait.woken.push(last.wokenBy[k] >= 0 ? 1 : 0);
      }
      if (after === WAITING) last.wokenBy[k] = wakes && before === SLEEPING ? waker.values[waker.length - 1] : -1;
      if (after === RUNNING) {
        if (last.ranOn[k] >= 0 && last.ranOn[k] !== to) this.migrations.push([now, k, last.ranOn[k], to]);
        last.ranOn[k] = to;
      }
      last.phase[k] = after; last.cpu[k] = to; last.since[k] = now;
    }
    move(Infinity);
    for (let k = 0; k < count; ++k) if (last.phase[k] === RUNNING) slice(k, this.to);
    this.at = at.whole(); this.who = who.whole(); this.phase = phase.whole(); this.on = on.whole(); this.waker = waker.whole();
    this.cgroupOf = last.cgroup;
    // A slice ends where the next begins; what several tasks did at the end is put in order.
    for (const lane of this.slices) for (const name of Object.keys(lane)) lane[name] = lane[name].whole();
    for (const lane of this.slices) {
      let sorted = true;
      for (let i = 1; i < lane.from.length; ++i) if (lane.from[i] < lane.from[i - 1]) sorted = false;
      if (sorted) continue;
      const order = Array.from(lane.from.keys()).sort((a, b) => lane.from[a] - lane.from[b]);
      for (const name of Object.keys(lane)) lane[name] = lane[name].constructor.from(order, (i) => lane[name][i]);
    }
    for (const name of Object.keys(this.waits)) this.waits[name] = this.waits[name].whole();
    this.indexTasks(count);
  }

  // Where each task's transitions are: those of task k are index[start[k]] up to index[start[k + 1]].
  indexTasks(count) {
    const start = new Uint32Array(count + 1);
    for (const k of this.who) ++start[k + 1];
    for (let k = 0; k < count; ++k) start[k + 1] += start[k];
    const next = start.slice(), index = new Uint32Array(this.who.length);
    for (let i = 0; i < this.who.length; ++i) index[next[this.who[i]]++] = i;
    this.start = start;
    this.index = index;
  }

  readQueues() {
    const dt = this.column('queue', 'dt'), task = this.column('queue', 'task'), queue = this.column('queue', 'queue');
    this.queued = {at: new Numbers(Float64Array), task: new Numbers(Uint32Array), queue: new Numbers(Uint32Array)};
    for (let at = this.zero; dt.more();) {
      at += dt.next();
      this.queued.at.push(at); this.queued.task.push(task.next()); this.queued.queue.push(queue.next());
    }
    for (const name of Object.keys(this.queued)) this.queued[name] = this.queued[name].whole();
  }

  // [CPU, from, to, name] of what lasts: CPUs that are offline or held, cgroups that are throttled.
  readSpans() {
    this.spans = [];
    const read = (stream, keys, name, begins) => {
      const columns = keys.map((key) => this.column(stream, key)), open = new Map();
      let at = this.zero;
      const close = (key, cpu, entry, until) => { open.delete(key); this.spans.push([cpu, entry[0], until, entry[1]]); };
      while (columns[0].more()) {
        const values = columns.map((column) => column.next());
        at += values[0];
        const key = values.slice(1, -1).join(), cpu = values[values.length - 2];
        const entry = open.get(key);
        if ((values[values.length - 1] === 1) === begins) { if (!entry) open.set(key, [at, name(values), cpu]); }
        else if (entry) close(key, cpu, entry, at);
      }
      for (const [key, entry] of [...open]) close(key, entry[2], entry, this.to);
    };
    read('online', ['dt', 'cpu', 'begins'], () => 'offline', false);
    read('held', ['dt', 'cpu', 'begins'], () => 'held', true);
    read('quota', ['dt', 'cgroup', 'cpu', 'begins'], (values) => 'throttled: ' + this.cgroups[values[1]], true);
  }

  nameCgroups() {
    const ran = new Float64Array(this.cgroups.length);
    for (const lane of this.slices)
      for (let i = 0; i < lane.from.length; ++i) if (lane.cgroup[i] >= 0) ran[lane.cgroup[i]] += lane.to[i] - lane.from[i];
    const order = [...ran.keys()].filter((i) => !isSystem(this.cgroups[i])).sort((a, b) => ran[b] - ran[a]);
    this.shown = order.slice(0, 8);
    this.rank = new Int32Array(this.cgroups.length).fill(-1);
    this.shown.forEach((cgroup, i) => { this.rank[cgroup] = i; });
  }

  name(k) { const task = this.tasks[k]; return `${task.comm || '?'}[${task.pid}]`; }
  cgroupName(i) { return i < 0 || this.cgroups[i] === undefined ? '-' : this.cgroups[i]; }

  // What runs on a CPU at a moment: the place of its slice, or -1.
  sliceAt(cpu, at) {
    const lane = this.slices[cpu];
    if (lane === undefined) return -1;
    const i = lower(lane.from, at + 1e-3) - 1;
    return i >= 0 && lane.to[i] > at ? i : -1;
  }

  // As `ktstr trace --accounts` counts them.
  account(from, to) {
    to = Math.min(to, this.to);
    const count = this.tasks.length, last = new Uint8Array(count), since = new Float64Array(count).fill(-Infinity);
    const cpu = new Uint16Array(count), all = [];
    const of = (k) => all[k] || (all[k] = {task: k, ran: 0, waited: 0, slept: 0, runs: 0, preempted: 0, wakeups: 0, longestWait: 0, longestRun: 0, migrations: 0});
    const add = (k, until) => {
      const begin = Math.max(since[k], from), end = Math.min(until, to);
      if (last[k] === 0 || last[k] === DEAD || end < begin || end < from) return;
      const length = end - begin, sum = of(k);
      if (last[k] === SLEEPING) sum.slept += length;
      if (last[k] === RUNNING) { sum.ran += length; sum.longestRun = Math.max(sum.longestRun, length); }
      if (last[k] === WAITING) { sum.waited += length; sum.longestWait = Math.max(sum.longestWait, length); }
    };
    for (let i = 0; i < this.at.length; ++i) {
      const at = this.at[i], k = this.who[i], after = this.phase[i];
      if (at > to) break;
      add(k, at);
      const inside = at >= from;
      if (inside && after === RUNNING) ++of(k).runs;
      if (inside && after === WAITING) { if (last[k] === RUNNING) ++of(k).preempted; else ++of(k).wakeups; }
      last[k] = after; since[k] = at; cpu[k] = this.on[i];
    }
    for (let k = 0; k < count; ++k) add(k, to);
    for (const [at, k] of this.migrations) if (at >= from && at <= to) ++of(k).migrations;
    return all.filter((sum) => sum && (sum.ran > 0 || sum.waited > 0)).sort((a, b) => b.ran - a.ran);
  }
}

const shortCgroup = (path) => path === '' ? '-' : path.replace(/^\/?cgroup \d+\//, '');
const isSystem = (cgroup) => cgroup === '/' || cgroup === '-' || cgroup.startsWith('cgroup ');

// --- colours ---------------------------------------------------------------------------------------------------------

const theme = {
  read() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ['text', 'quiet', 'line', 'ground', 'idle', 'wait', 'bad', 'step', 'system', 'other']) this[name] = style.getPropertyValue('--' + name).trim();
    this.cgroups = [...Array(8).keys()].map((i) => style.getPropertyValue('--c' + i).trim());
    this.dark = style.getPropertyValue('--dark').trim() === '1';
  },
};
const cgroupColor = (model, cgroup) => {
  if (cgroup < 0 || isSystem(model.cgroupName(cgroup))) return theme.system;
  const rank = model.rank[cgroup];
  return rank < 0 ? theme.other : theme.cgroups[rank];
};
const taskColor = (model, k, cgroup) => isSystem(model.cgroupName(cgroup)) ? theme.system
  : `hsl(${(model.tasks[k].pid * 137.508) % 360} 55% ${theme.dark ? 45 : 62}%)`;

// --- the timeline ----------------------------------------------------------------------------------------------------

// A stretch of time that all pictures of a run, or of two runs, show.
class View {
  constructor(from, to) {
    this.least = from; this.most = Math.max(to, from + 1000);
    this.from = from; this.to = this.most;
    this.listeners = [];
  }
  onChange(listener) { this.listeners.push(listener); }
  set(from, to) {
    const span = Math.min(Math.max(to - from, 500), this.most - this.least);
    from = Math.min(Math.max(from, this.least), this.most - span);
    this.from = from; this.to = from + span;
    for (const listener of this.listeners) listener();
  }
  zoom(factor, around = (this.from + this.to) / 2) {
    const span = (this.to - this.from) * factor, part = (around - this.from) / (this.to - this.from);
    this.set(around - span * part, around + span * (1 - part));
  }
  move(part) { const by = (this.to - this.from) * part; this.set(this.from + by, this.to + by); }
  fit() { this.set(this.least, this.most); }
  words() { return `${seconds(this.from)} to ${seconds(this.to)}, ${duration(this.to - this.from)}`; }
}

const GUTTER = 74, RULER = 20, MARKS = 18, GAP = 4, STATE = 22;

class Timeline {
  constructor(model, view, title) {
    this.model = model; this.view = view;
    this.colours = 'cgroup';
    this.focus = -1;      // the task that has a lane of its own
    this.match = null;    // tasks that the search finds
    this.laneHeight = model.head.cpus <= 16 ? 24 : model.head.cpus <= 64 ? 13 : 7;
    const pack = model.pack;
    const spans = (list) => list.map((one) => ({...one, from: model.into(one.from_ns), to: model.into(one.to_ns)}));
    this.steps = spans(pack.steps); this.ops = spans(pack.ops); this.findings = spans(pack.findings);
    this.canvas = make('canvas', {tabindex: 0, role: 'application', 'aria-roledescription': 'timeline', 'aria-label': `CPUs of ${title} over time`, 'aria-describedby': 'keys'});
    this.canvas.timeline = this;  // for whoever looks into the page with a console of their own
    this.tip = make('div', {class: 'tip', hidden: true});
    this.said = make('p', {class: 'said', 'aria-live': 'polite'});
    this.node = make('div', {class: 'timeline'}, this.canvas, this.tip);
    this.listen();
    view.onChange(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.node);
  }

  height() { return RULER + 3 * MARKS + this.model.head.cpus * (this.laneHeight + 2) + GAP + (this.focus >= 0 ? STATE + GAP : 0); }
  laneTop(cpu) { return RULER + 3 * MARKS + cpu * (this.laneHeight + 2); }
  x(at) { return GUTTER + (at - this.view.from) * this.scale; }
  timeAt(x) { return this.view.from + (x - GUTTER) / this.scale; }

  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => { this.pending = false; this.paint(); });
  }

  paint() {
    const width = Math.max(this.node.clientWidth, 320), height = this.height(), ratio = window.devicePixelRatio || 1;
    const canvas = this.canvas;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
      canvas.style.height = height + 'px';
    }
    this.width = width;
    this.scale = (width - GUTTER) / (this.view.to - this.view.from);
    const c = this.c = canvas.getContext('2d');
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    c.font = '11px system-ui, sans-serif';
    c.textBaseline = 'middle';
    this.paintRuler(height);
    c.save();
    c.beginPath(); c.rect(GUTTER, 0, width - GUTTER, height); c.clip();
    this.paintSpans(this.steps, RULER, theme.step);
    this.paintMoments(this.ops, RULER + MARKS);
    this.paintSpans(this.findings, RULER + 2 * MARKS, theme.bad);
    for (let cpu = 0; cpu < this.model.head.cpus; ++cpu) this.paintLane(cpu);
    this.paintWindows(height);
    if (this.focus >= 0) this.paintFocus();
    c.restore();
    this.paintLabels();
  }

  paintRuler(height) {
    const c = this.c, span = this.view.to - this.view.from;
    const raw = span / Math.max(2, (this.width - GUTTER) / 110), power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) || 10 * power;
    const places = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / 1e9))));
    c.strokeStyle = theme.line; c.fillStyle = theme.quiet; c.lineWidth = 1;
    for (let at = Math.ceil(this.view.from / step) * step; at <= this.view.to; at += step) {
      const x = Math.round(this.x(at)) + 0.5;
      c.beginPath(); c.moveTo(x, RULER - 4); c.lineTo(x, height); c.stroke();
      const text = (at / 1e9).toFixed(places) + ' s', room = c.measureText(text).width;
      if (x + room + 3 < this.width) c.fillText(text, x + 3, RULER / 2);
    }
  }

  label(text, x, y, room, colour) {
    if (room < 24) return;
    const c = this.c;
    let shown = text;
    if (c.measureText(shown).width > room - 6) {
      const letters = Math.floor((room - 10) / 6);
      if (letters < 3) return;
      shown = text.slice(0, letters) + '…';
    }
    c.fillStyle = colour;
    c.fillText(shown, x + 3, y);
  }

  paintSpans(spans, top, colour) {
    for (const span of spans) {
      const from = Math.max(this.x(span.from), GUTTER), to = Math.min(Math.max(this.x(span.to), from + 2), this.width);
      if (to < GUTTER || from > this.width) continue;
      this.c.fillStyle = colour;
      this.c.fillRect(from, top + 1, to - from, MARKS - 3);
      this.label(span.name, from, top + MARKS / 2, to - from, theme.ground);
    }
  }

  paintMoments(moments, top) {
    const shown = moments.filter((one) => one.from >= this.view.from && one.from <= this.view.to);
    shown.forEach((one, i) => {
      const x = this.x(one.from), next = i + 1 < shown.length ? this.x(shown[i + 1].from) : this.width;
      this.c.fillStyle = theme.text;
      this.c.beginPath(); this.c.moveTo(x, top + 2); this.c.lineTo(x + 5, top + 8); this.c.lineTo(x, top + 14); this.c.lineTo(x - 5, top + 8); this.c.fill();
      this.label(one.name, x + 5, top + MARKS / 2, next - x - 12, theme.text);
    });
  }

  colour(lane, i) {
    if (this.match && !this.match[lane.task[i]]) return theme.idle;
    if (this.focus >= 0 && lane.task[i] === this.focus) return theme.text;
    return this.colours === 'cgroup' ? cgroupColor(this.model, lane.cgroup[i]) : taskColor(this.model, lane.task[i], lane.cgroup[i]);
  }

  paintLane(cpu) {
    const c = this.c, lane = this.model.slices[cpu], top = this.laneTop(cpu), height = this.laneHeight;
    c.fillStyle = theme.idle; c.globalAlpha = 0.35; c.fillRect(GUTTER, top, this.width - GUTTER, height); c.globalAlpha = 1;
    let pixel = -1, covered = 0, colour = null, most = 0;
    const flush = () => {
      if (colour !== null && covered > 0) { c.globalAlpha = Math.min(1, 0.15 + covered); c.fillStyle = colour; c.fillRect(pixel, top, 1, height); c.globalAlpha = 1; }
      covered = 0; colour = null; most = 0;
    };
    for (let i = Math.max(0, lower(lane.from, this.view.from) - 1); i < lane.from.length && lane.from[i] <= this.view.to; ++i) {
      const from = this.x(lane.from[i]), to = this.x(lane.to[i]);
      if (to < GUTTER) continue;
      if (to - from < 1.5) {
        const at = Math.floor(from);
        if (at !== pixel) { flush(); pixel = at; }
        covered += to - from;
        const own = this.colour(lane, i);
        if (to - from >= most) { most = to - from; colour = own; }
        if (this.focus >= 0 && lane.task[i] === this.focus) { colour = own; most = Infinity; covered = 1; }
        continue;
      }
      flush(); pixel = -1;
      const own = this.colour(lane, i);
      c.fillStyle = own;
      c.fillRect(from, top, to - from - (to - from > 4 ? 0.5 : 0), height);
      if (height > 10 && to - from > 30) this.label(this.model.name(lane.task[i]), Math.max(from, GUTTER), top + height / 2, Math.min(to, this.width) - Math.max(from, GUTTER), own === theme.text ? theme.ground : textOn(own));
    }
    flush();
    for (const [of, from, to, name] of this.model.spans) {
      if (of !== cpu || to < this.view.from || from > this.view.to) continue;
      const left = Math.max(this.x(from), GUTTER), right = Math.min(this.x(to), this.width);
      c.strokeStyle = theme.bad; c.lineWidth = 1;
      c.strokeRect(left + 0.5, top + 0.5, Math.max(1, right - left - 1), height - 1);
      if (height > 10) this.label(name, left, top + height / 2, right - left, theme.bad);
    }
  }

  // The time that a finding is about, over all CPUs.
  paintWindows(height) {
    const c = this.c;
    for (const one of this.findings) {
      if (one.to <= one.from) continue;
      c.fillStyle = theme.bad; c.globalAlpha = 0.10;
      c.fillRect(this.x(one.from), RULER + 3 * MARKS, (one.to - one.from) * this.scale, height);
      c.globalAlpha = 1;
    }
  }

  stateTop() { return this.laneTop(this.model.head.cpus) + GAP; }

  paintFocus() {
    const c = this.c, model = this.model, k = this.focus, top = this.stateTop();
    const first = model.start[k], count = model.start[k + 1] - first, times = {length: count};
    const at = (i) => model.at[model.index[first + i]];
    let low = 0, high = count;
    while (low < high) { const middle = (low + high) >> 1; if (at(middle) < this.view.from) low = middle + 1; else high = middle; }
    let arrows = 0;
    for (let i = Math.max(0, low - 1); i < times.length; ++i) {
      const t = model.index[first + i], from = model.at[t];
      if (from > this.view.to) break;
      const to = i + 1 < count ? at(i + 1) : model.to, phase = model.phase[t];
      const x0 = Math.max(this.x(from), GUTTER), x1 = Math.min(Math.max(this.x(to), x0 + 0.7), this.width);
      if (phase === RUNNING) { c.fillStyle = theme.text; c.fillRect(x0, top, x1 - x0, STATE - 4); }
      if (phase === WAITING) { c.fillStyle = theme.wait; c.fillRect(x0, top + 5, x1 - x0, STATE - 14); }
      if (phase === SLEEPING) { c.fillStyle = theme.quiet; c.fillRect(x0, top + STATE / 2 - 3, x1 - x0, 1); }
      if (phase === WAITING && model.waker[t] >= 0 && i + 1 < count && ++arrows < 300) {
        const next = model.index[first + i + 1];
        if (model.phase[next] === RUNNING) this.arrow(from, model.waker[t], model.at[next], model.on[next]);
      }
    }
  }

  // From the CPU on which a task was woken to the one on which it ran.
  arrow(from, by, to, on) {
    const c = this.c, x0 = this.x(from), x1 = this.x(to), middle = this.laneHeight / 2;
    const y0 = this.laneTop(by) + middle, y1 = this.laneTop(on) + middle;
    if (by >= this.model.head.cpus || on >= this.model.head.cpus) return;
    c.strokeStyle = c.fillStyle = theme.wait; c.lineWidth = 1.5;
    c.beginPath(); c.moveTo(x0, y0); c.lineTo(x1, y1); c.stroke();
    c.beginPath(); c.arc(x0, y0, 2.5, 0, 7); c.fill();
    const angle = Math.atan2(y1 - y0, x1 - x0);
    c.beginPath(); c.moveTo(x1, y1); c.lineTo(x1 - 7 * Math.cos(angle - 0.4), y1 - 7 * Math.sin(angle - 0.4)); c.lineTo(x1 - 7 * Math.cos(angle + 0.4), y1 - 7 * Math.sin(angle + 0.4)); c.fill();
  }

  paintLabels() {
    const c = this.c;
    c.fillStyle = theme.quiet; c.textAlign = 'right';
    const put = (text, y) => c.fillText(text, GUTTER - 6, y);
    put('steps', RULER + MARKS / 2); put('ops', RULER + 1.5 * MARKS); put('findings', RULER + 2.5 * MARKS);
    const every = Math.ceil(11 / (this.laneHeight + 2));
    for (let cpu = 0; cpu < this.model.head.cpus; cpu += every) put('CPU ' + cpu, this.laneTop(cpu) + this.laneHeight / 2);
    if (this.focus >= 0) { c.fillStyle = theme.text; const name = this.model.name(this.focus); put(name.length > 11 ? name.slice(0, 10) + '…' : name, this.stateTop() + STATE / 2 - 2); }
    c.textAlign = 'left';
  }

  // --- what is there

  cpuAt(y) {
    const cpu = Math.floor((y - RULER - 3 * MARKS) / (this.laneHeight + 2));
    return cpu >= 0 && cpu < this.model.head.cpus ? cpu : -1;
  }

  words(cpu, at) {
    const model = this.model, i = model.sliceAt(cpu, at);
    if (i < 0) {
      const span = model.spans.find(([of, from, to]) => of === cpu && from <= at && at < to);
      return [`CPU ${cpu} at ${seconds(at)}`, span ? span[3] : 'idle'];
    }
    const lane = model.slices[cpu], k = lane.task[i];
    const lines = [`${model.name(k)} on CPU ${cpu}`, `in ${model.cgroupName(lane.cgroup[i])}`, `ran ${duration(lane.to[i] - lane.from[i])} from ${seconds(lane.from[i])}`];
    const before = this.waitBefore(k, lane.from[i]);
    if (before) lines.push(before);
    const queue = this.queueBefore(k, lane.from[i]);
    if (queue) lines.push(queue);
    return lines;
  }

  waitBefore(k, at) {
    const model = this.model, first = model.start[k], count = model.start[k + 1] - first;
    let low = 0, high = count;
    while (low < high) { const middle = (low + high) >> 1; if (model.at[model.index[first + middle]] < at) low = middle + 1; else high = middle; }
    const t = low > 0 ? model.index[first + low - 1] : -1;
    if (t < 0 || model.phase[t] !== WAITING) return null;
    const waited = `waited ${duration(at - model.at[t])} before`;
    if (model.waker[t] < 0) return waited + ', preempted';
    const waker = model.sliceAt(model.waker[t], model.at[t]);
    return `${waited}, woken on CPU ${model.waker[t]}` + (waker < 0 ? '' : ` by ${model.name(model.slices[model.waker[t]].task[waker])}`);
  }

  queueBefore(k, at) {
    const {at: times, task, queue} = this.model.queued;
    for (let i = lower(times, at + 1e-3) - 1, looked = 0; i >= 0 && looked < 2000; --i, ++looked)
      if (task[i] === k) return 'from ' + this.model.head.queues[queue[i]];
    return null;
  }

  say(text) { this.said.textContent = text; }

  setFocus(k) {
    this.focus = k;
    this.say(k < 0 ? '' : `${this.model.name(k)} has a lane of its own below the CPUs`);
    if (this.onFocus) this.onFocus(k);
    this.draw();
  }

  show(from, to) {
    const room = Math.max((to - from) * 0.35, 2e6);
    this.view.set(from - room, to + room);
  }

  nextFinding(by) {
    if (this.findings.length === 0) return this.say('nothing was found in this run');
    this.finding = ((this.finding === undefined ? (by > 0 ? -1 : 0) : this.finding) + by + this.findings.length) % this.findings.length;
    const one = this.findings[this.finding];
    if (one.pid) { const k = this.model.tasks.findIndex((task) => task.pid === one.pid); if (k >= 0) this.setFocus(k); }
    this.show(one.from, one.to);
    this.say(`${one.name} ${one.words || ''}`);
  }

  // The next time that the task with the lane gets a CPU.
  nextRun(by) {
    if (this.focus < 0) return;
    const middle = (this.view.from + this.view.to) / 2, model = this.model, first = model.start[this.focus];
    const runs = [];
    for (let i = first; i < model.start[this.focus + 1]; ++i) if (model.phase[model.index[i]] === RUNNING) runs.push(model.at[model.index[i]]);
    const at = by > 0 ? runs.find((one) => one > middle + 1) : runs.filter((one) => one < middle - 1).pop();
    if (at === undefined) return this.say('there is none');
    const half = (this.view.to - this.view.from) / 2;
    this.view.set(at - half, at + half);
  }

  search(text) {
    const wanted = text.trim().toLowerCase(), model = this.model;
    this.match = wanted === '' ? null : model.tasks.map((task, k) => model.name(k).toLowerCase().includes(wanted) || model.cgroupName(model.cgroupOf[k]).toLowerCase().includes(wanted));
    const found = this.match === null ? [] : [...this.match.keys()].filter((k) => this.match[k] && model.start[k + 1] > model.start[k]);
    if (found.length === 1) this.setFocus(found[0]);
    this.say(wanted === '' ? '' : `${found.length} tasks match`);
    this.draw();
    return found;
  }

  key(event) {
    const view = this.view, keys = {
      '+': () => view.zoom(0.6), '=': () => view.zoom(0.6), w: () => view.zoom(0.6), '-': () => view.zoom(1 / 0.6), s: () => view.zoom(1 / 0.6),
      a: () => view.move(-0.2), d: () => view.move(0.2), ArrowLeft: () => view.move(-0.2), ArrowRight: () => view.move(0.2),
      ArrowUp: () => view.zoom(0.6), ArrowDown: () => view.zoom(1 / 0.6),
      Home: () => view.fit(), 0: () => view.fit(), f: () => this.nextFinding(1), F: () => this.nextFinding(-1),
      n: () => this.nextRun(1), p: () => this.nextRun(-1), c: () => this.toggleColours(), Escape: () => { this.setFocus(-1); this.tip.hidden = true; },
      '/': () => { const field = this.searchField; if (field) field.focus(); },
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  toggleColours() {
    this.colours = this.colours === 'cgroup' ? 'task' : 'cgroup';
    this.say('colours by ' + this.colours);
    this.draw();
  }

  listen() {
    const canvas = this.canvas;
    let drag = null;
    const place = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return;
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.view.move(event.deltaX / this.width);
      else this.view.zoom(Math.exp(event.deltaY * 0.002), this.timeAt(place(event)[0]));
    }, {passive: false});
    canvas.addEventListener('pointerdown', (event) => { const [x, y] = place(event); drag = {x, y, from: this.view.from, to: this.view.to, moved: false}; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener('pointermove', (event) => {
      const [x, y] = place(event);
      if (drag !== null) {
        if (Math.abs(x - drag.x) > 3) drag.moved = true;
        const by = (drag.x - x) / this.scale;
        if (drag.moved) { this.tip.hidden = true; this.view.set(drag.from + by, drag.to + by); }
        return;
      }
      this.hover(x, y);
    });
    canvas.addEventListener('pointerup', (event) => {
      const [x, y] = place(event), cpu = this.cpuAt(y);
      if (drag !== null && !drag.moved && cpu >= 0 && x >= GUTTER) {
        const i = this.model.sliceAt(cpu, this.timeAt(x));
        this.setFocus(i < 0 ? -1 : this.model.slices[cpu].task[i]);
        this.say(this.words(cpu, this.timeAt(x)).join(', '));
      }
      drag = null;
    });
    canvas.addEventListener('dblclick', (event) => this.view.zoom(0.3, this.timeAt(place(event)[0])));
    canvas.addEventListener('pointerleave', () => { this.tip.hidden = true; });
  }

  hover(x, y) {
    const cpu = this.cpuAt(y);
    let lines = null;
    if (x >= GUTTER && cpu >= 0) lines = this.words(cpu, this.timeAt(x));
    else if (x >= GUTTER && y > RULER && y < RULER + 3 * MARKS) {
      const list = [this.steps, this.ops, this.findings][Math.floor((y - RULER) / MARKS)], slack = 6 / this.scale, at = this.timeAt(x);
      const one = list.find((span) => span.from - slack <= at && at <= span.to + slack);
      if (one) lines = [one.name, seconds(one.from) + (one.to > one.from ? ', ' + duration(one.to - one.from) : ''), one.words || null].filter(Boolean);
    }
    this.tip.hidden = lines === null;
    if (lines === null) return;
    this.tip.replaceChildren(...lines.map((line) => make('div', null, line)));
    this.tip.style.left = Math.min(x + 14, this.width - 270) + 'px';
    this.tip.style.top = y + 14 + 'px';
  }
}

// Black or white, whichever can be read on it.
const inkCanvas = make('canvas').getContext('2d', {willReadFrequently: true});
const inks = new Map();
function textOn(colour) {
  if (!inks.has(colour)) {
    inkCanvas.fillStyle = colour; inkCanvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = inkCanvas.getImageData(0, 0, 1, 1).data;
    inks.set(colour, 0.299 * r + 0.587 * g + 0.114 * b > 140 ? '#000' : '#fff');
  }
  return inks.get(colour);
}

// --- pictures of what is in view ----------------------------------------------------------------------------------------

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

// --- what a record says ---------------------------------------------------------------------------------------------------

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
    let measured = '-', margin = '-';
    const most = /^(?:longest|most) ([\d.]+|none)([^,]*)/.exec(rest);  // what the recorder has seen
    if (most) {
      measured = most[1] + (most[1] === 'none' ? '' : most[2]);
      if (limit && Number(most[1]) > 0 && most[2].trim() === limit[2]) margin = digits(Number(limit[1]) / Number(most[1]), 2) + '×';
    }
    if (limit && cgroup && MEASURED[name]) {
      const value = MEASURED[name][0](cgroup);
      measured = digits(value, 3) + ' ' + MEASURED[name][1];
      margin = value > 0 ? digits(Number(limit[1]) / value, 2) + '×' : '-';
    }
    return [name, 'looked at', most ? 'all tasks' : rest.replace(/,? ?limit .*$/, '') || 'the run', step || '-', limit ? `${limit[1]} ${limit[2]}` : '-', measured, margin];
  });
  for (const detail of record.details.filter((one) => one.verdict === 'fail'))
    rows.unshift([detail.kind, 'failed', detail.cgroup || 'the run', detail.step || '-', detail.limit === null || detail.limit === undefined ? '-' : `${digits(detail.limit, 4)} ${detail.unit}`,
      detail.measured === null || detail.measured === undefined ? '-' : `${digits(detail.measured, 4)} ${detail.unit}`, detail.measured > 0 && detail.limit > 0 ? digits(detail.limit / detail.measured, 2) + '×' : '-']);
  return table('Checks', ['check', '', 'of what', 'step', 'limit', 'measured', 'limit / measured'], rows, {text: [1, 2]});
}
const BAD = ['fail', 'inconclusive'];
function findingList(record) {
  const list = record.details.filter((detail) => BAD.includes(detail.verdict));
  const notes = record.details.filter((detail) => !BAD.includes(detail.verdict));
  const words = (detail) => make('li', null, make('strong', null, detail.kind), detail.step ? ` in step ${detail.step}: ` : ': ', detail.message,
    detail.measured !== undefined && detail.measured !== null && detail.limit !== null && detail.limit !== undefined ? make('span', {class: 'quiet'}, ` (${digits(detail.measured, 4)} ${detail.unit}, limit ${digits(detail.limit, 4)} ${detail.unit})`) : null);
  return [record.error ? make('p', {class: 'error'}, record.error, record.error_hint ? make('span', {class: 'quiet'}, ' ' + record.error_hint) : null) : null,
    list.length > 0 ? make('ul', {class: 'findings'}, list.map(words)) : null, notes.length > 0 ? folded(`${notes.length} notes`, make('ul', null, notes.map(words))) : null];
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

// --- a run ------------------------------------------------------------------------------------------------------------------

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
  const pairs = [['test', row.test], ['kernel', row.kernel], ['scheduler', row.scheduler || 'the kernel\'s own'], ['topology', row.topology], ['mode', row.mode], ['seed', row.seed], ['digest', row.digest && row.digest.slice(0, 12)],
    ['ran', record ? `${duration(record.body_ns)} of guest time in ${record.host_seconds.toFixed(1)} s` : null], ['started', row.started], ['run', row.id]];
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

// --- two runs ---------------------------------------------------------------------------------------------------------------

function differences(a, b) {
  const of = (record) => new Map(record.cgroups.map((one) => [`${one.cgroup}${one.step ? ' in step ' + one.step : ''}`, one]));
  const left = of(a), right = of(b), names = [...new Set([...left.keys(), ...right.keys()])];
  const measures = [['CPU time', (one) => one.cpu_time_ns, duration], ['off CPU', (one) => one.avg_off_cpu_pct, (value) => value.toFixed(1) + '%'], ['longest gap', (one) => one.max_gap_ns, duration], ['migrations', (one) => one.migrations, String], ['wake p99', (one) => one.wake_p99_ns, duration]];
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

// --- many runs --------------------------------------------------------------------------------------------------------------

const AXES = ['test', 'topology', 'kernel', 'scheduler', 'mode', 'seed'];
const MARKS_OF = {pass: '✓', skip: '○', inconclusive: '?', fail: '✗'};
function matrix() {
  const varying = AXES.filter((axis) => new Set(runs.map((row) => row[axis] || '')).size > 1);
  if (varying.length === 0) return null;
  const sizes = new Map(varying.map((axis) => [axis, new Set(runs.map((row) => row[axis])).size]));
  let across = varying.filter((axis) => axis !== 'test' && axis !== 'seed' && sizes.get(axis) <= 24).sort((a, b) => sizes.get(b) - sizes.get(a))[0] || (sizes.get('seed') <= 40 ? 'seed' : 'outcome');
  const holder = make('div');
  const paint = () => {
    const down = varying.filter((axis) => axis !== across && axis !== 'seed' || axis === across && varying.length === 1 && across !== 'seed');
    const columns = [...new Set(runs.map((row) => row[across] || '-'))].sort((a, b) => String(a).localeCompare(String(b), 'en', {numeric: true}));
    const groups = new Map();
    runs.forEach((row, i) => {
      const key = down.map((axis) => row[axis] || '-').join(' · ') || 'all runs', column = row[across] || '-';
      if (!groups.has(key)) groups.set(key, new Map());
      const cells = groups.get(key);
      if (!cells.has(column)) cells.set(column, []);
      cells.get(column).push(i);
    });
    const cell = (list) => {
      if (!list) return '';
      const order = ['fail', 'inconclusive', 'skip', 'pass'], worst = list.reduce((a, b) => order.indexOf(outcomeClass(runs[a].outcome)) <= order.indexOf(outcomeClass(runs[b].outcome)) ? a : b);
      const kind = outcomeClass(runs[worst].outcome), same = list.filter((at) => outcomeClass(runs[at].outcome) === kind).length;
      const text = list.length === 1 ? MARKS_OF[kind] : `${MARKS_OF[kind]} ${same}/${list.length}`;
      return make('a', {class: 'cell ' + kind, href: '#run=' + worst, 'aria-label': `${kind}, ${same} of ${list.length} runs`, title: runs[worst].message || runs[worst].outcome}, text);
    };
    holder.replaceChildren(table('Outcomes: the worst of each', [down.join(' · ') || '', ...columns.slice(0, 60)], [...groups].map(([key, cells]) => [key, ...columns.slice(0, 60).map((column) => cell(cells.get(column)))]), {class: 'matrix'}));
  };
  const choice = make('select', {'aria-label': 'columns', onchange: () => { across = choice.value; paint(); }}, [...varying.filter((axis) => sizes.get(axis) <= 60), 'outcome'].map((axis) => make('option', {value: axis, selected: axis === across}, axis)));
  paint();
  return section('Overview', make('p', {class: 'controls'}, make('label', null, 'columns: ', choice)), holder);
}

function runList() {
  const body = make('tbody'), heads = ['run', 'outcome', 'test', 'topology', 'kernel', 'scheduler', 'seed', 'host time', 'what'];
  const keys = ['id', 'outcome', 'test', 'topology', 'kernel', 'scheduler', 'seed', 'host_s', 'message'];
  let sorted = -1, up = true;
  const chosen = new Set();
  const beside = button('beside each other', 'show the two chosen runs beside each other', () => { const two = [...chosen]; location.hash = `#beside=${two[0]},${two[1]}`; });
  beside.disabled = true;
  const lines = runs.map((row, i) => ({row, node: make('tr', null,
    make('td', null, make('input', {type: 'checkbox', 'aria-label': 'choose ' + row.name, onchange: (event) => { if (event.target.checked) chosen.add(i); else chosen.delete(i); beside.disabled = chosen.size !== 2; }})),
    make('th', {scope: 'row'}, make('a', {href: '#run=' + i}, row.name)), make('td', null, badge(row.outcome)), make('td', {class: 'text'}, row.topology || '-'), make('td', {class: 'text'}, row.kernel || '-'), make('td', {class: 'text'}, (row.scheduler || '-').split('/').pop()), make('td', null, row.seed || '-'), make('td', null, row.host_s.toFixed(1) + ' s'), make('td', {class: 'text'}, row.message))}));
  const paint = () => body.replaceChildren(...lines.filter((one) => !one.hidden).map((one) => one.node));
  const shown = ['run', 'outcome', 'topology', 'kernel', 'scheduler', 'seed', 'host time', 'what'], shownKeys = ['name', 'outcome', 'topology', 'kernel', 'scheduler', 'seed', 'host_s', 'message'];
  const heading = shown.map((head, n) => {
    const cell = make('th', {scope: 'col', 'aria-sort': 'none'}, button(head, 'sort by ' + head, () => {
      up = sorted === n ? !up : true; sorted = n;
      const key = shownKeys[n];
      lines.sort((a, b) => (up ? 1 : -1) * (typeof a.row[key] === 'number' ? a.row[key] - b.row[key] : String(a.row[key] || '').localeCompare(String(b.row[key] || ''), 'en', {numeric: true})));
      heading.forEach((other) => other.setAttribute('aria-sort', 'none'));
      cell.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      paint();
    }));
    return cell;
  });
  const count = make('span', {class: 'quiet', 'aria-live': 'polite'});
  const filter = make('input', {type: 'search', placeholder: 'filter', 'aria-label': 'filter runs', oninput: () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const one of lines) { const text = keys.map((key) => one.row[key] || '').join(' ').toLowerCase() + ' ' + one.row.name.toLowerCase(); one.hidden = !words.every((word) => text.includes(word)); }
    count.textContent = `${lines.filter((one) => !one.hidden).length} of ${lines.length} runs`;
    paint();
  }});
  paint();
  return section('Runs', make('p', {class: 'controls'}, filter, ' ', beside, ' ', count), make('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'runs'}, make('table', {class: 'runs'}, make('caption', null, 'Runs'), make('thead', null, make('tr', null, make('td'), heading)), body)));
}

function overviewPage() {
  const counts = new Map();
  for (const row of runs) counts.set(outcomeClass(row.outcome), (counts.get(outcomeClass(row.outcome)) || 0) + 1);
  const host = runs.reduce((sum, row) => sum + row.host_s, 0);
  return [make('h2', {tabindex: -1}, `${runs.length} runs`), make('p', {class: 'totals'}, ['fail', 'inconclusive', 'skip', 'pass'].filter((kind) => counts.has(kind)).map((kind) => make('span', {class: 'badge ' + kind}, `${counts.get(kind)} ${kind}`)), make('span', {class: 'quiet'}, ` ${host.toFixed(1)} s of host time`)), matrix(), runList()];
}

// --- the page -----------------------------------------------------------------------------------------------------------------

let currentTimeline = null;
const main = make('main', {id: 'main'});

async function show(moved) {
  const run = /^#run=(\d+)$/.exec(location.hash), pair = /^#beside=(\d+),(\d+)$/.exec(location.hash);
  const there = (at) => Number(at) < runs.length;
  main.setAttribute('aria-busy', 'true');
  currentTimeline = null;
  let parts;
  try {
    if (run && there(run[1])) parts = await runPage(Number(run[1]));
    else if (pair && there(pair[1]) && there(pair[2])) parts = await besidePage(Number(pair[1]), Number(pair[2]));
    else if (runs.length === 1) parts = await runPage(0);
    else if (runs.length === 2 && runs.every((row) => row.timeline) && location.hash === '') parts = await besidePage(0, 1);
    else if (runs.length === 0) parts = [make('h2', {tabindex: -1}, 'no runs')];
    else parts = overviewPage();
  } catch (error) {
    parts = [make('h2', {tabindex: -1}, 'This page cannot be shown'), make('p', {class: 'error'}, String(error)), make('p', null, 'It needs a browser with DecompressionStream: Chromium 80, Firefox 113, Safari 16.4 or later.')];
    console.error(error);
  }
  main.replaceChildren(...parts.flat(3).filter((part) => part !== null && part !== undefined));
  main.setAttribute('aria-busy', 'false');
  if (moved) { const head = main.querySelector('h2'); if (head) head.focus(); window.scrollTo(0, 0); }
}

const wantsDark = matchMedia('(prefers-color-scheme: dark)');
function applyTheme() {
  document.documentElement.dataset.theme = themes.value !== 'auto' ? themes.value : wantsDark.matches ? 'dark' : 'light';
  theme.read();
  show(false);
}

const themes = make('select', {'aria-label': 'colours of the page', onchange: applyTheme}, ['auto', 'light', 'dark'].map((name) => make('option', {value: name}, name)));
const homeLink = runs.length > 1 ? make('a', {href: '#all'}, 'all runs') : null;
document.body.append(make('a', {class: 'skip', href: '#main', onclick: (event) => { event.preventDefault(); const head = main.querySelector('h2'); if (head) head.focus(); }}, 'to the content'), make('header', null, make('h1', null, 'ktstr'), make('nav', {'aria-label': 'pages'}, homeLink), themes), main);
window.addEventListener('hashchange', () => show(true));
wantsDark.addEventListener('change', applyTheme);
window.addEventListener('beforeprint', () => { document.documentElement.dataset.theme = 'light'; theme.read(); for (const node of document.querySelectorAll('details')) node.open = true; if (currentTimeline) currentTimeline.paint(); });
applyTheme();
})();
