// SPDX-License-Identifier: Apache-2.0
//
// The timeline of a run's CPUs: a canvas with keys, clicks and a search.

// --- colours -------------------------------------------------------------------------------------------------------

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

// --- the timeline --------------------------------------------------------------------------------------------------

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
    let words = shown(text);
    if (c.measureText(words).width > room - 6) {
      const letters = Math.floor((room - 10) / 6);
      if (letters < 3) return;
      words = words.slice(0, letters) + '…';
    }
    c.fillStyle = colour;
    c.fillText(words, x + 3, y);
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
    const seen = moments.filter((one) => one.from >= this.view.from && one.from <= this.view.to);
    seen.forEach((one, i) => {
      const x = this.x(one.from), next = i + 1 < seen.length ? this.x(seen[i + 1].from) : this.width;
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
    if (this.focus >= 0) { c.fillStyle = theme.text; const name = shown(this.model.tasks[this.focus].comm || '?'); put(name.length > 10 ? name.slice(0, 9) + '…' : name, this.stateTop() + STATE / 2 - 2); }
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

  say(text) { this.said.textContent = shown(text); }

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
