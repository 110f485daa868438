// SPDX-License-Identifier: Apache-2.0
//
// Elements, tables and numbers as text. What a guest or a scheduler said gets into the page by these, as text only:
// nothing here makes markup of a string.
'use strict';

// --- elements ------------------------------------------------------------------------------------------------------

// Characters that would change the order of what is read, or that nobody sees, as their numbers.
const shown = (text) => String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : name === 'title' || name === 'aria-label' ? shown(value) : value);
  }
  for (const child of children.flat(3))
    if (child !== null && child !== undefined) node.append(child.nodeType ? child : document.createTextNode(shown(child)));
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
  return make('div', {class: 'scroll', tabindex: 0, role: 'group', 'aria-label': caption},
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
