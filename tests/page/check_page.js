// SPDX-License-Identifier: Apache-2.0
//
// What a page must have so that everybody can read it: evaluated in the page, gives a list of what is wrong.
(() => {
  const wrong = [];
  const shown = (node) => node.checkVisibility ? node.checkVisibility() : node.getClientRects().length > 0;
  const where = (node) => node.tagName.toLowerCase() + (node.id ? '#' + node.id : '') + (node.className && node.className.baseVal === undefined ? '.' + node.className : '') + ' "' + (node.textContent || '').slice(0, 40) + '"';

  if (!document.documentElement.lang) wrong.push('the document has no language');
  if (!document.title) wrong.push('the document has no title');
  if (document.querySelectorAll('main').length !== 1) wrong.push('not exactly one main');
  if (document.querySelectorAll('h1').length !== 1) wrong.push('not exactly one h1');

  const ids = new Set();
  for (const node of document.querySelectorAll('[id]')) {
    if (ids.has(node.id)) wrong.push('id twice: ' + node.id);
    ids.add(node.id);
  }
  for (const node of document.querySelectorAll('[aria-describedby],[aria-labelledby],[list],label[for]'))
    for (const name of ['aria-describedby', 'aria-labelledby', 'list', 'for'])
      for (const id of (node.getAttribute(name) || '').split(' ').filter(Boolean)) if (!document.getElementById(id)) wrong.push(`${where(node)}: ${name} names nothing: ${id}`);

  let level = 0;
  for (const node of document.querySelectorAll('h1,h2,h3,h4,h5,h6')) {
    const own = Number(node.tagName[1]);
    if (own > level + 1) wrong.push(`heading jumps from ${level} to ${own}: ${where(node)}`);
    level = own;
    if (!node.textContent.trim()) wrong.push('empty heading');
  }

  const name = (node) => (node.getAttribute('aria-label') || node.textContent || '').trim() || (node.labels && node.labels.length ? node.labels[0].textContent.trim() : '');
  for (const node of document.querySelectorAll('button,a[href],input,select,textarea,canvas,[role=img],[role=region],[role=application],[role=group],nav'))
    if (shown(node) && !name(node)) wrong.push('no name: ' + where(node));
  for (const node of document.querySelectorAll('[tabindex]')) if (Number(node.getAttribute('tabindex')) > 0) wrong.push('order of focus is changed: ' + where(node));
  for (const node of document.querySelectorAll('table')) {
    if (!node.caption || !node.caption.textContent) wrong.push('table without a caption');
    for (const head of node.querySelectorAll('th')) {
      if (!head.scope) wrong.push('th without scope: ' + where(head));
      if (!head.textContent.trim()) wrong.push('empty th');
    }
  }
  const landmarks = new Set();
  for (const node of document.querySelectorAll('[role=region],nav')) {
    if (landmarks.has(name(node))) wrong.push('two landmarks have one name: ' + where(node));
    landmarks.add(name(node));
  }
  for (const node of document.querySelectorAll('*')) {
    if (!shown(node)) continue;
    const style = getComputedStyle(node);
    if ((style.overflowX === 'auto' || style.overflowX === 'scroll') && node.scrollWidth > node.clientWidth + 1 && node.tabIndex < 0) wrong.push('scrolls, but not by keyboard: ' + where(node));
  }

  // WCAG 2.1, 1.4.3.
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const part = (value) => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; }; return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
  const ground = (node) => { for (; node; node = node.parentElement) { const colour = rgb(getComputedStyle(node).backgroundColor); if (colour[3] > 250) return colour; } return [255, 255, 255, 255]; };
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.textContent.trim() || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(node.tagName) || !shown(node)) continue;
    const style = getComputedStyle(node), colour = rgb(node instanceof SVGElement ? style.fill : style.color), below = ground(node);
    const a = light(colour), b = light(below), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio >= (large ? 3 : 4.5) || node.disabled) continue;
    const what = `contrast ${ratio.toFixed(2)}: ${style.color} on ${below}`;
    if (!seen.has(what)) wrong.push(`${what}: ${where(node)}`);
    seen.add(what);
  }
  if (document.documentElement.scrollWidth > window.innerWidth + 1) wrong.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${window.innerWidth}`);
  return wrong;
})()
