// Plays the person at the lab page in a real Chromium: press, scan, sign in, approve, watch telemetry; then hold
// the button and pair again as somebody else.
//
//   node demo.mjs URL PICTURES
//
// Each step is printed. The exit code is 0 if all went as a person would expect; else PICTURES/failed.png shows
// what the page looked like.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [url, pictures] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, deviceScaleFactor: 2 });
page.setDefaultTimeout(30_000);
const errors = [];
page.on('pageerror', (error) => errors.push(String(error)));

const device = page.frameLocator('#panel');
const phone = page.frameLocator('#phone');
const button = device.locator('button');
const say = (text) => console.log(text);
const step = (name) => page.locator(`#step[data-step="${name}"]`).waitFor();

// onPanel is what zbarimg reads in a picture of the panel as Chromium paints it.
async function onPanel() {
  const file = join(pictures, 'panel.png');
  await device.locator('.screen').screenshot({ path: file });
  try {
    return execFileSync('zbarimg', ['-q', '--raw', '-Sdisable', '-Sqrcode.enable', file], { encoding: 'utf8' }).trim();
  } catch (error) {
    if (error.status === 4) return ''; // no code in the picture
    throw error;
  }
}

// scan opens on the phone what the panel shows.
async function scan() {
  await step('scan');
  let seen = '';
  for (let tries = 0; seen === '' && tries < 50; tries += 1) {
    seen = await onPanel();
    if (seen === '') await page.waitForTimeout(200);
  }
  await page.locator('#scan:enabled').click();
  const opened = await page.locator('#phone').getAttribute('src');
  assert.equal(opened, seen, 'the phone opens another address than the panel shows');
  say(`scanned ${new URL(seen).pathname}`);
}

async function approve(name) {
  await phone.locator('#username, #signout').first().waitFor();
  if (await phone.locator('#signout').isVisible()) { // somebody else's session: leave it and scan again
    await phone.locator('#signout').click();
    await phone.locator('#username, #user_code').first().waitFor();
    await page.locator('#home').click();
    await scan();
  }
  await phone.locator('#username').fill(name);
  await phone.locator('#password').fill(name);
  await phone.locator('#signin').click();
  assert.match(await phone.locator('#device_name').innerText(), /\S/, 'the page names no device');
  await phone.locator('#approve').click();
  await phone.locator('#done[data-outcome="approved"]').waitFor();
  say(`approved as ${name}`);
}

// telemetry waits for a reading that was not there before.
async function telemetry() {
  const readings = page.locator('#messages li.message[data-topic$="/telemetry"]');
  const before = await readings.evaluateAll((all) => all.map((li) => li.dataset.payload));
  const fresh = await page.waitForFunction((known) => [...document.querySelectorAll('#messages li.message[data-topic$="/telemetry"]')]
    .map((li) => li.dataset.payload).find((payload) => !known.includes(payload)), before);
  const { ts, stream, seq, uptime } = JSON.parse(await fresh.jsonValue());
  assert.ok(ts && stream && seq && uptime, 'this is no reading of a host');
  say(`telemetry ${stream} ${seq}`);
}

async function pairedAs(name) {
  await step('paired');
  assert.match(await page.locator('#step').innerText(), new RegExp(name, 'i'));
  await page.screenshot({ path: join(pictures, `paired-${name}.png`) });
  say(`paired as ${name}`);
}

try {
  await page.goto(url);
  await step('press');
  await button.click();
  await scan();
  await approve('alice');
  await pairedAs('alice');
  await telemetry();

  await button.hover();
  await page.mouse.down();
  await page.waitForTimeout(3500);
  await page.mouse.up();
  await scan();
  await approve('bob');
  await pairedAs('bob');
  await telemetry();
  assert.equal(await onPanel(), '', 'a code is still on the panel');
  assert.deepEqual(errors, []);
} catch (error) {
  await page.screenshot({ path: join(pictures, 'failed.png') });
  console.error(`failed: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
