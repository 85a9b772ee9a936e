// The person at the lab page, in a real Chromium. demo.mjs says what the person does.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const say = (text) => console.log(text);

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});

// Person is one tab of the lab page.
export class Person {
  constructor(page, pictures) {
    this.page = page;
    this.pictures = pictures;
    this.errors = [];
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => { // a policy that blocks something is an error, too
      if (message.type() === 'error' && /Content Security Policy/.test(message.text())) this.errors.push(message.text());
    });
    this.device = page.frameLocator('#panel');
    this.phone = page.frameLocator('#phone');
    this.button = this.device.locator('button');
  }

  step(name) { return this.page.locator(`#step[data-step="${name}"]`).waitFor(); }

  reads(text) { return this.page.locator('#step', { hasText: text }).waitFor(); }

  async press() {
    await this.step('press');
    await this.device.locator('button[data-lit="true"]').waitFor();
    await this.page.keyboard.press('Space', { delay: 120 });
  }

  async hold(ms) {
    await this.page.keyboard.down('Space');
    await this.page.waitForTimeout(ms);
    await this.page.keyboard.up('Space');
  }

  // onPanel is what zbarimg reads in a picture of the panel as Chromium paints it.
  async onPanel() {
    const file = join(this.pictures, 'panel.png');
    await this.device.locator('.screen').screenshot({ path: file });
    try {
      return execFileSync('zbarimg', ['-q', '--raw', '-Sdisable', '-Sqrcode.enable', file], { encoding: 'utf8' }).trim();
    } catch (error) {
      if (error.status === 4) return ''; // no code in the picture
      throw error;
    }
  }

  // code waits for a code on the panel, other than the one that was there.
  async code(old = '') {
    for (let tries = 0; tries < 100; tries += 1) {
      const seen = await this.onPanel();
      if (seen !== '' && seen !== old) return seen;
      await this.page.waitForTimeout(200);
    }
    throw new Error('no code on the panel');
  }

  // scan opens on the phone what the panel shows.
  async scan(old) {
    const seen = await this.code(old);
    await this.page.locator('#scan:enabled').click();
    await this.phone.locator('#username, #shown_code').first().waitFor();
    assert.equal(await this.page.locator('#stale').isVisible(), false, 'a fresh code is called stale');
    say(`scanned ${new URL(seen).pathname}`);
    return seen;
  }

  async signIn(name, password = name) {
    await this.phone.locator('#username').fill(name);
    await this.phone.locator('#password').fill(password);
    await this.phone.locator('#signin').click();
  }

  async decide(what) {
    assert.match(await this.phone.locator('#device_name').innerText(), /\S/, 'the page names no device');
    await this.reads('Compare the code');
    await this.phone.locator(`#${what}`).click();
    await this.phone.locator(`#done[data-outcome="${what === 'approve' ? 'approved' : 'denied'}"]`).waitFor();
    say(`${what} clicked`);
  }

  async pairedAs(name) {
    await this.step('paired');
    await this.reads(new RegExp(`Paired as ${name}`, 'i'));
    say(`paired as ${name}`);
  }

  // telemetry waits for a reading that was not there before.
  async telemetry() {
    const readings = '#messages li.message[data-topic$="/telemetry"]';
    const before = await this.page.locator(readings).evaluateAll((all) => all.map((li) => li.dataset.payload));
    const fresh = await this.page.waitForFunction(([selector, known]) => [...document.querySelectorAll(selector)]
      .map((li) => li.dataset.payload).find((payload) => !known.includes(payload)), [readings, before]);
    const { ts, stream, seq, uptime } = JSON.parse(await fresh.jsonValue());
    assert.ok(ts && stream && seq && uptime, 'this is no reading of a host');
    say(`telemetry ${stream} ${seq}`);
  }

  fits(name) { return fits(this.page, join(this.pictures, `${name}.png`)); }
}

// fits wants nothing wider than the window, and nothing serious found by axe in any frame of a page.
export async function fits(page, picture) {
  const wide = await page.evaluate(() => [document, ...[...document.querySelectorAll('iframe:not([hidden])')].map((f) => f.contentDocument)]
    .map((d) => d.documentElement).filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.ownerDocument.title));
  assert.deepEqual(wide, [], `${picture}: wider than the window`);
  for (const frame of page.frames()) await frame.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const serious = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`).join('; ')}`);
  assert.deepEqual(serious, [], `${picture}: axe`);
  await page.screenshot({ path: picture, fullPage: true });
}
