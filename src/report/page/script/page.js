// SPDX-License-Identifier: Apache-2.0
//
// Which of the pages is shown, and in which colours. The last of the files, which are one script (CMakeLists.txt).

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
// On paper all is open, and light.
let closed = [];
window.addEventListener('beforeprint', () => {
  document.documentElement.dataset.theme = 'light';
  theme.read();
  closed = [...document.querySelectorAll('details')].filter((node) => !node.open);
  for (const node of closed) node.open = true;
  if (currentTimeline) currentTimeline.paint();
});
window.addEventListener('afterprint', () => {
  for (const node of closed) node.open = false;
  document.documentElement.dataset.theme = themes.value !== 'auto' ? themes.value : wantsDark.matches ? 'dark' : 'light';
  theme.read();
  if (currentTimeline) currentTimeline.paint();
});
applyTheme();
