'use strict';
const $ = (id) => document.getElementById(id);
const order = ['press', 'scan', 'approve', 'paired'];
const most = 200;
let code = null;   // on the panel
let opened = null; // the code that the phone opened, if any
let trail = [];    // addresses of the phone's pages since the camera
let count = 0, now = '';

// --- What to do next.

function step({ step, text }) {
  if (step !== now && (step === 'press' || step === 'paired')) leavePhone();
  now = step;
  $('step').textContent = text;
  $('step').dataset.step = step;
  const at = order.indexOf(step);
  document.querySelectorAll('#steps li').forEach((li, i) => {
    li.classList.toggle('past', i < at);
    li.classList.toggle('now', i === at);
    if (i === at) li.setAttribute('aria-current', 'step'); else li.removeAttribute('aria-current');
  });
  light();
}

// light marks the button of the panel while it is what the person needs.
function light() {
  const button = $('panel').contentDocument?.querySelector('button');
  if (!button) return;
  button.style.outline = now === 'press' ? '3px solid #5fe0c4' : '';
  button.style.outlineOffset = '7px';
  button.dataset.lit = now === 'press';
}

// --- The device. Space is its button wherever the focus is, but for the phone and what else takes keys.

$('panel').addEventListener('load', light);
function space(e) {
  if (e.code !== 'Space' || e.target.closest?.('button, input, a, [tabindex="0"]')) return;
  e.preventDefault();
  const panel = $('panel').contentWindow;
  panel.dispatchEvent(new panel.KeyboardEvent(e.type, { code: 'Space', repeat: e.repeat }));
}

// leavePhone gives the keys back to the page where the phone has nothing more to do.
function leavePhone() {
  if (document.activeElement !== $('phone')) return;
  $('phone').blur();
  focus();
}
addEventListener('keydown', space);
addEventListener('keyup', space);

// --- The phone. What it shows is where its frame is, so that the browser's own Back works.

function offer(found) {
  code = found;
  $('camera').classList.toggle('found', !!code);
  $('scan').disabled = $('type').disabled = !code;
  aim();
  stale();
}

function aim() {
  if (!code) {
    $('aim').textContent = 'Nothing to scan yet. The device shows a code when its button is pressed.';
    return;
  }
  const left = Math.max(0, Math.round((Date.parse(code.expires) - Date.now()) / 1000));
  const clock = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
  $('aim').textContent = 'The panel shows a code for ' + new URL(code.uri).host + '. It is good for ' + clock + ' more.';
}
setInterval(() => { aim(); stale(); }, 1000);

// stale says that the phone's page is about a code that the panel no longer shows.
function stale() {
  const decided = path() === '/done';
  const gone = opened && !decided && !$('phone').hidden && code?.complete !== opened.complete;
  $('stale').hidden = !gone;
  if (!gone) return;
  const why = Date.parse(opened.expires) <= Date.now() ? 'This code has expired.' : 'The device no longer shows this code.';
  $('stale').textContent = why + (code ? ' Go back to the camera and scan the new one.' : ' Press its button for a new one.');
}

function path() {
  try { return $('phone').contentWindow.location.pathname; } catch { return ''; }
}

function visit(uri) {
  opened = code;
  go(new URL(uri).pathname + new URL(uri).search);
}

// go replaces the entry of the history: Back leads to pages that the phone came by, not to the camera of an hour ago.
function go(to) { $('phone').contentWindow.location.replace(to); }

$('phone').addEventListener('load', () => {
  const at = $('phone').contentWindow.location;
  const camera = at.href === 'about:blank';
  $('phone').hidden = camera;
  $('camera').hidden = !camera;
  $('address').textContent = camera ? 'Camera' : at.host;
  follow(camera ? '' : at.href);
  $('back').disabled = camera;
  stale();
});

function follow(href) {
  if (href === '') trail = [];
  else if (href !== trail.at(-1)) trail.push(href);
}

// Back leads to the page before, and from the first one to the camera. It leaves the history alone, where a step too many
// would lead out of the lab.
$('back').onclick = () => {
  trail.pop();
  go(trail.pop() ?? 'about:blank');
};
$('home').onclick = (e) => {
  go('about:blank');
  if (e.detail > 0) $('home').blur(); // a pointer clicked: Space stays the device's
};
$('scan').onclick = () => visit(code.complete);
$('type').onclick = () => visit(code.uri);

// --- The two lists.

function element(name, className, text) {
  const e = document.createElement(name);
  e.className = className;
  e.textContent = text;
  return e;
}

function row(list, className, at, ...parts) {
  const li = document.createElement('li');
  li.className = className + ' fresh';
  li.append(element('time', '', new Date(at).toLocaleTimeString([], { hour12: false })), ...parts);
  list.querySelector('.empty')?.remove();
  list.prepend(li);
  while (list.children.length > most) list.lastChild.remove();
  return li;
}

// fields shows a flat JSON object name by name, and anything else as it came.
function fields(payload) {
  const box = element('span', 'payload', '');
  let object;
  try { object = JSON.parse(payload); } catch { }
  if (object === null || typeof object !== 'object' || Array.isArray(object)) {
    box.textContent = payload;
    return box;
  }
  for (const [name, value] of Object.entries(object)) {
    const pair = element('span', '', name + ' ');
    pair.append(element('b', '', typeof value === 'object' ? JSON.stringify(value) : value));
    box.append(pair);
  }
  return box;
}

function message({ at, topic, payload }) {
  const li = row($('messages'), 'message', at, element('span', 'topic', topic), fields(payload));
  li.dataset.topic = topic;
  li.dataset.payload = payload;
  $('count').textContent = ++count;
}

function note({ at, who, text }) {
  const line = document.createElement('span');
  line.append(element('b', '', who), ' ' + text);
  row($('notes'), 'note', at, line);
}

const events = new EventSource('events');
const on = (name, f) => events.addEventListener(name, (e) => f(JSON.parse(e.data)));
on('step', step);
on('code', offer);
on('message', message);
on('note', note);
events.onopen = () => document.body.classList.remove('lost');
events.onerror = () => {
  document.body.classList.add('lost');
  $('step').textContent = 'The lab has stopped.';
};
