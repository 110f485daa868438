// SPDX-License-Identifier: Apache-2.0
//
// What a run's tasks did, from the columns that timeline_data.cpp writes, and what they add up to.

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
      waitsOn: new Int32Array(count).fill(-1), cgroup: new Int32Array(count).fill(-1), wokenBy: new Int32Array(count).fill(-1)};
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
      // As the accounts have it: while it waited, or woken on another CPU than it was on.
      if (after === RUNNING) {
        if (last.waitsOn[k] >= 0 && last.waitsOn[k] !== to) this.migrations.push([now, k, last.waitsOn[k], to]);
        last.waitsOn[k] = -1;
      }
      if (after === WAITING) {
        if (before !== RUNNING && before !== 0 && last.cpu[k] !== to) this.migrations.push([now, k, last.cpu[k], to]);
        last.waitsOn[k] = to;
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

  name(k) { const task = this.tasks[k]; return `${shown(task.comm || '?')}[${task.pid}]`; }
  cgroupName(i) { return i < 0 || this.cgroups[i] === undefined ? '-' : shown(this.cgroups[i]); }

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

const shortCgroup = (path) => path === '' ? '-' : path.replace(/^\/?(cgroup \d+|ktstr[^/]*)\//, '');
const isSystem = (cgroup) => cgroup === '/' || cgroup === '-' || cgroup.startsWith('cgroup ');
