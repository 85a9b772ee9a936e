// Plays the person at the lab page.
//
//   node demo.mjs SCENARIO URL PICTURES PAIRD CONFIG
//
// Each step is printed. The exit code is 0 if all went as a person would expect; else PICTURES/failed.png shows what the
// page looked like.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Person, fits, launch, say } from './person.mjs';

const [scenario, url, pictures, paird, config] = process.argv.slice(2);
const browser = await launch();
const people = [];

async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, deviceScaleFactor: 2, ...options });
  return sits(await context.newPage());
}

async function sits(page) {
  const one = new Person(page, pictures);
  people.push(one);
  await page.goto(url);
  return one;
}

const reset = () => execFileSync(paird, ['reset', '--yes', '--config', config], { stdio: 'pipe' });

// Each width at each station: nothing is cut off, and axe finds nothing serious.
async function looks(colorScheme) {
  for (const [width, height] of [[390, 844], [768, 1024], [1280, 800]]) {
    const p = await person({ viewport: { width, height }, colorScheme, deviceScaleFactor: 1, reducedMotion: 'reduce' });
    const at = (station) => p.fits(`${colorScheme}-${width}-${station}`);
    await p.step('press');
    await at('press');
    await p.press();
    await p.step('scan');
    await at('scan');
    await p.page.locator('#type:enabled').click();
    await p.signIn(`mallory-${colorScheme}-${width}`); // each name has few tries
    await p.phone.locator('#error').waitFor();
    await at('signin');
    await p.signIn('alice');
    await p.phone.locator('#user_code').waitFor();
    await at('code');
    await p.page.locator('#home').click();
    await p.scan();
    await p.phone.locator('#shown_code').waitFor();
    await at('consent');
    await p.decide('deny');
    await p.reads('Denied');
    await at('denied');
    await p.press();
    await p.page.locator('#home').click();
    await p.page.locator('#scan:enabled').click();
    await p.decide('approve');
    await p.pairedAs('alice');
    await p.telemetry();
    await at('paired');
    reset();
    await p.step('press');
    await p.page.close();
    say(`${colorScheme} ${width} fits`);
  }
}

const scenarios = {
  // From the press to telemetry, without a click before the first press; then again as another user, who finds the first
  // one signed in.
  async pair() {
    const p = await person();
    await p.press();
    const first = await p.scan();
    await p.signIn('alice', 'wrong');
    await p.phone.locator('#error').waitFor();
    await p.step('scan');
    await p.signIn('alice');
    await p.decide('approve');
    await p.pairedAs('alice');
    await p.telemetry();
    await p.page.screenshot({ path: join(pictures, 'paired-alice.png') });

    await p.page.locator('#home').click();
    await p.hold(3500);
    await p.step('scan');
    await p.scan(first);
    const shown = await p.phone.locator('#shown_code').innerText();
    await p.phone.locator('#signout').click(); // "Not you?"
    await p.signIn('bob');
    assert.equal(await p.phone.locator('#shown_code').innerText(), shown, 'the code is lost when the user changes');
    await p.decide('approve');
    await p.pairedAs('bob');
    await p.telemetry();
    assert.equal(await p.onPanel(), '', 'a code is still on the panel');
    await p.page.screenshot({ path: join(pictures, 'paired-bob.png') });
  },

  // The README's picture: just paired, with readings that arrive.
  async picture() {
    const p = await person({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 });
    await p.press();
    await p.scan();
    await p.signIn('alice');
    await p.decide('approve');
    await p.pairedAs('alice');
    await p.telemetry();
    await p.telemetry();
    await p.page.waitForTimeout(2000); // until the newest is not highlighted any more
    await p.page.screenshot({ path: join(pictures, 'demo.png') });
  },

  async deny() {
    const p = await person();
    await p.press();
    await p.scan();
    await p.signIn('alice');
    await p.decide('deny');
    await p.reads('Denied. Press the device');
    await p.device.locator('button[data-lit="true"]').waitFor();
  },

  // The code is not approved in time: the page says so, the button is lit, and a press gives another code.
  async expire() {
    const p = await person();
    await p.press();
    const old = await p.scan();
    await p.reads('The code has expired.');
    await p.page.locator('#stale', { hasText: 'This code has expired.' }).waitFor();
    await p.fits('expired');
    await p.press();
    await p.page.locator('#stale', { hasText: 'scan the new one' }).waitFor();
    await p.page.locator('#home').click();
    await p.page.locator('#scan:enabled').waitFor();
    assert.notEqual(await p.code(old), old);
  },

  // A reset while the phone looks at a code, then one of a paired device.
  async reset() {
    const p = await person();
    await p.press();
    const old = await p.scan();
    await p.signIn('alice');
    await p.phone.locator('#shown_code').waitFor();
    reset();
    await p.page.locator('#stale', { hasText: 'The device no longer shows this code. Press its button' }).waitFor();
    await p.fits('stale');
    await p.press();
    await p.page.locator('#stale', { hasText: 'scan the new one' }).waitFor();
    await p.page.locator('#home').click();
    await p.scan(old);
    await p.decide('approve');
    await p.pairedAs('alice');
    reset();
    await p.reads("Press the device's button: it asks for a code.");
    assert.equal(await p.page.locator('#stale').isVisible(), false, 'a code that was approved is called stale');
  },

  // Two tabs show the same, also after one was loaded again. Back stays within the phone.
  async tabs() {
    const one = await person();
    await one.step('press');
    const two = await sits(await one.page.context().newPage());
    await one.press();
    await two.step('scan');
    await two.page.reload();
    await two.step('scan');
    await two.scan();
    await two.signIn('alice');
    await two.phone.locator('#shown_code').waitFor();
    await one.step('approve');
    await two.phone.locator('#signout').click();
    await two.phone.locator('#username').waitFor();
    await two.page.evaluate(() => history.back()); // as the button of the browser
    await two.phone.locator('#username, #shown_code').first().waitFor();
    assert.equal(new URL(two.page.url()).pathname, '/lab/', 'Back leaves the lab');
    await two.signIn('alice');
    await two.phone.locator('#shown_code').waitFor();
    await two.page.locator('#back').click(); // of the phone itself
    await two.phone.locator('#user_code').waitFor();
    while (await two.page.locator('#back').isEnabled()) {
      await two.page.locator('#back').click();
      await two.page.waitForTimeout(500);
    }
    assert.equal(new URL(two.page.url()).pathname, '/lab/', 'the phone leaves the lab');
    await two.page.locator('#scan:enabled').click();
    await two.phone.locator('#signout').click();
    await two.signIn('bob');
    await two.decide('approve');
    for (const tab of [one, two]) await tab.pairedAs('bob');
    await one.page.reload();
    await one.pairedAs('bob');
    await one.telemetry();
    assert.equal(new URL(one.page.url()).pathname, '/lab/');
  },

  'looks-light': () => looks('light'),
  'looks-dark': () => looks('dark'),

  // With --lan: the lab page in one browser, and a second one as the phone, which opens what is on the panel.
  async lan() {
    const p = await person({ ignoreHTTPSErrors: true });
    await p.press();
    await p.step('scan');
    const seen = await p.code();
    const phone = await (await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 390, height: 844 }, isMobile: true })).newPage();
    phone.setDefaultTimeout(30_000);
    await phone.goto(seen);
    if (await phone.locator('#username').isVisible()) {
      await phone.locator('#username').fill('alice');
      await phone.locator('#password').fill('alice');
      await phone.locator('#signin').click();
    }
    if (await phone.locator('#user_code').isVisible()) { // the QR code had no room for the user code
      const status = JSON.parse(execFileSync(paird, ['status', '--json', '--config', config], { encoding: 'utf8' }));
      await phone.locator('#user_code').fill(status.pairing.user_code);
      await phone.locator('#continue').click();
    }
    await phone.locator('#approve').waitFor();
    await fits(phone, join(pictures, 'lan-phone-consent.png'));
    await phone.locator('#approve').click();
    await phone.locator('#done[data-outcome="approved"]').waitFor();
    await fits(phone, join(pictures, 'lan-phone.png'));
    await p.pairedAs('alice');
    await p.telemetry();
    await p.page.screenshot({ path: join(pictures, 'lan-page.png') });
    say(`phone at ${new URL(seen).origin}`);
  },
};

try {
  await scenarios[scenario]();
  for (const one of people) assert.deepEqual(one.errors, []);
} catch (error) {
  await people.at(-1)?.page.screenshot({ path: join(pictures, 'failed.png') });
  console.error(`failed: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
