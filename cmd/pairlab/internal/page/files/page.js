'use strict';
const $ = (id) => document.getElementById(id);
const order = ['press', 'scan', 'approve', 'paired'];
const most = 200;
let code = null, count = 0;

function step({ step, text }) {
  $('step').textContent = text;
  $('step').dataset.step = step;
  const now = order.indexOf(step);
  document.querySelectorAll('#steps li').forEach((li, i) => {
    li.classList.toggle('past', i < now);
    li.classList.toggle('now', i === now);
  });
}

function offer(found) {
  if (found && found.complete !== code?.complete) home(); // whatever the phone shows is about another code
  code = found;
  $('camera').classList.toggle('found', !!code);
  $('scan').disabled = $('type').disabled = !code;
  $('aim').textContent = code ? 'The panel shows a code for ' + new URL(code.uri).host + '.'
    : 'Nothing to scan yet. The device shows a code when its button is pressed.';
}

// visit does what a phone does with a QR code or a typed address.
function visit(uri) {
  $('phone').src = uri;
  $('phone').hidden = false;
  $('camera').hidden = true;
  $('address').textContent = new URL(uri).host;
}

function home() {
  $('phone').hidden = true;
  $('phone').src = 'about:blank';
  $('camera').hidden = false;
  $('address').textContent = 'Camera';
}

function element(name, className, text) {
  const e = document.createElement(name);
  e.className = className;
  e.textContent = text;
  return e;
}

function row(className, at, ...parts) {
  const li = document.createElement('li');
  li.className = className + ' fresh';
  li.append(element('time', '', new Date(at).toLocaleTimeString([], { hour12: false })), ...parts);
  const list = $('messages');
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
  const li = row('message', at, element('span', 'topic', topic), fields(payload));
  li.dataset.topic = topic;
  li.dataset.payload = payload;
  $('count').textContent = ++count;
}

function note({ at, who, text }) {
  const line = document.createElement('span');
  line.append(element('b', '', who), ' ' + text);
  row('note', at, line);
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
$('scan').onclick = () => visit(code.complete);
$('type').onclick = () => visit(code.uri);
$('home').onclick = home;
