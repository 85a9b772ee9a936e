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
}

function message({ at, topic, payload }) {
  row('message', at, element('span', 'topic', topic), element('span', 'payload', payload));
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
