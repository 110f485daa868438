// SPDX-License-Identifier: Apache-2.0
//
// The page of many runs: a matrix of outcomes, and a list.

const AXES = ['test', 'topology', 'kernel', 'scheduler', 'mode', 'seed'];
// Programs without their directories, unless two of them would be called the same.
const shortSchedulers = (() => {
  const short = (text) => text.replace(/^\S*\/(?=[^/\s]+(\s|$))/, '');
  const full = [...new Set(runs.map((row) => row.scheduler || ''))];
  const isClear = new Set(full.map(short)).size === full.length;
  return (text) => isClear && text ? short(text) : text;
})();
const valueOf = (row, axis) => (axis === 'scheduler' ? shortSchedulers(row[axis]) : row[axis]) || '-';

// What tells a run from the others of its cell is in columns of their own, but for its number.
const nameInList = (row) => {
  const number = /[[ ](run \d+)\]$/.exec(row.name);
  return number ? `${row.test} ${number[1]}` : row.test;
};

const MARKS_OF = {pass: '✓', skip: '○', inconclusive: '?', fail: '✗'};
function matrix() {
  const varying = AXES.filter((axis) => new Set(runs.map((row) => row[axis] || '')).size > 1);
  if (varying.length === 0) return null;
  const sizes = new Map(varying.map((axis) => [axis, new Set(runs.map((row) => row[axis])).size]));
  let across = varying.filter((axis) => axis !== 'test' && axis !== 'seed' && sizes.get(axis) <= 24).sort((a, b) => sizes.get(b) - sizes.get(a))[0] || (sizes.get('seed') <= 40 ? 'seed' : 'outcome');
  const holder = make('div');
  const paint = () => {
    const down = varying.filter((axis) => axis !== across && axis !== 'seed' || axis === across && varying.length === 1 && across !== 'seed');
    const columns = [...new Set(runs.map((row) => valueOf(row, across)))].sort((a, b) => String(a).localeCompare(String(b), 'en', {numeric: true}));
    const groups = new Map();
    runs.forEach((row, i) => {
      const key = down.map((axis) => valueOf(row, axis)).join(' · ') || 'all runs', column = valueOf(row, across);
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
    holder.replaceChildren(table('Outcomes: the worst of each', [down.join(' · ') || 'runs', ...columns.slice(0, 60)], [...groups].map(([key, cells]) => [key, ...columns.slice(0, 60).map((column) => cell(cells.get(column)))]), {class: 'matrix'}));
  };
  const choice = make('select', {'aria-label': 'columns', onchange: () => { across = choice.value; paint(); }}, [...varying.filter((axis) => sizes.get(axis) <= 60), 'outcome'].map((axis) => make('option', {value: axis, selected: axis === across}, axis)));
  paint();
  return section('Overview', make('p', {class: 'controls'}, make('label', null, 'columns: ', choice)), holder);
}

function runList() {
  const body = make('tbody');
  const keys = ['id', 'outcome', 'test', 'topology', 'kernel', 'scheduler', 'seed', 'host_s', 'message'];
  let sorted = -1, up = true;
  const chosen = new Set();
  const beside = button('beside each other', 'show the two chosen runs beside each other', () => { const two = [...chosen]; location.hash = `#beside=${two[0]},${two[1]}`; });
  beside.disabled = true;
  const lines = runs.map((row, i) => ({row, node: make('tr', null,
    make('td', null, make('input', {type: 'checkbox', 'aria-label': 'choose ' + row.name, onchange: (event) => { if (event.target.checked) chosen.add(i); else chosen.delete(i); beside.disabled = chosen.size !== 2; }})),
    make('th', {scope: 'row'}, make('a', {href: '#run=' + i}, nameInList(row))), make('td', null, badge(row.outcome)), make('td', {class: 'text'}, row.topology || '-'), make('td', {class: 'text'}, row.kernel || '-'), make('td', {class: 'text'}, valueOf(row, 'scheduler')), make('td', null, row.seed || '-'), make('td', null, row.host_s.toFixed(1) + ' s'), make('td', {class: 'text', title: row.message}, row.message.length > 140 ? row.message.slice(0, 140) + '…' : row.message), make('td', {class: 'text id'}, row.id || '-'))}));
  const paint = () => body.replaceChildren(...lines.filter((one) => !one.hidden).map((one) => one.node));
  const columns = [['run', 'name', true], ['outcome', 'outcome'], ['topology', 'topology', true], ['kernel', 'kernel', true], ['scheduler', 'scheduler', true], ['seed', 'seed'], ['host time', 'host_s'], ['what', 'message', true], ['id', 'id', true]];
  const heading = columns.map(([head, key, isText], n) => {
    const cell = make('th', {scope: 'col', 'aria-sort': 'none', class: isText ? 'text' : null}, button(head, 'sort by ' + head, () => {
      up = sorted === n ? !up : true; sorted = n;
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
  return section('Runs', make('p', {class: 'controls'}, filter, ' ', beside, ' ', count), make('div', {class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'runs'}, make('table', {class: 'runs'}, make('caption', null, 'Runs'), make('thead', null, make('tr', null, make('th', {scope: 'col'}, 'choose'), heading)), body)));
}

function overviewPage() {
  const counts = new Map();
  for (const row of runs) counts.set(outcomeClass(row.outcome), (counts.get(outcomeClass(row.outcome)) || 0) + 1);
  const host = runs.reduce((sum, row) => sum + row.host_s, 0);
  return [make('h2', {tabindex: -1}, `${runs.length} runs`), make('p', {class: 'totals'}, ['fail', 'inconclusive', 'skip', 'pass'].filter((kind) => counts.has(kind)).map((kind) => make('span', {class: 'badge ' + kind}, `${counts.get(kind)} ${kind}`)), make('span', {class: 'quiet'}, ` ${host.toFixed(1)} s of host time`)), matrix(), runList()];
}
