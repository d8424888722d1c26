// Watches the portal as a customer would: logs in, sees a link change by itself, opens its charts, logs out.
// BASE_URL, USERNAME and PASSWORD say where and who; EXPECT_LINK (optional) names the circuit that must change.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const { BASE_URL, USERNAME, PASSWORD, EXPECT_LINK, CHROMIUM = '/usr/bin/chromium' } = process.env;
const CHANGE_MS_MAX = 180_000;
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser;
let page;
/** What the browser complained about; nothing is expected. */
const complaints = [];

before(async () => {
  for (const [name, value] of Object.entries({ BASE_URL, USERNAME, PASSWORD })) {
    assert.ok(value, `${name} is not set`);
  }
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
});

after(async () => {
  await browser?.close();
});

async function assertAccessible(what) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.html).join(' ')}`);
    assert.deepEqual(found, [], `${what}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

async function assertNoSidewaysScroll(what) {
  for (const width of [360, 390, 768]) {
    await page.setViewportSize({ width, height: 800 });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wider <= 0, `${what} is ${wider} px wider than a screen of ${width} px`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

function states() {
  const cards = [...document.querySelectorAll('.card[data-link]')];
  return cards.map((card) => ({
    link: card.dataset.link,
    word: card.querySelector('.pill').textContent.trim(),
  }));
}

let changed;

test('a page that needs a login leads to the login', async () => {
  await page.goto(`${BASE_URL}/client/dashboard`);
  assert.equal(new URL(page.url()).pathname, '/client/login');
  await assertAccessible('login');
  await assertNoSidewaysScroll('login');
});

test('the customer logs in and sees the cards', async () => {
  await page.goto(`${BASE_URL}/client/login`);
  await page.fill('#username', USERNAME);
  await page.fill('#password', PASSWORD);
  await page.click('button[type=submit]');
  await page.waitForURL('**/client/dashboard');
  const seen = await page.evaluate(states);
  assert.ok(seen.length > 0, 'the dashboard has no card');
  for (const { word } of seen) assert.match(word, /^(Up|Down|Unknown)$/);
  await assertAccessible('dashboard');
  await assertNoSidewaysScroll('dashboard');
});

test('a card changes its state while one watches, and the screen reader hears of it', async () => {
  await page.focus('.card h2 a');
  const focused = await page.evaluate(() => document.activeElement.id);
  const before = await page.evaluate(states);
  await page.evaluate(() => {
    window.notReloaded = true;
  });
  changed = await page
    .waitForFunction(
      ([before, expected]) => {
        const word = (card) => card.querySelector('.pill').textContent.trim();
        const cards = [...document.querySelectorAll('.card[data-link]')];
        const other = cards.find((card) => {
          const old = before.find((old) => old.link === card.dataset.link);
          return old && old.word !== word(card) && (!expected || expected === card.dataset.link);
        });
        return other && { link: other.dataset.link, word: word(other), href: other.querySelector('h2 a').href };
      },
      [before, EXPECT_LINK],
      { timeout: CHANGE_MS_MAX, polling: 250 },
    )
    .then((handle) => handle.jsonValue());
  assert.ok(await page.evaluate(() => window.notReloaded), 'the page was loaded anew instead of renewing itself');
  assert.equal(await page.evaluate(() => document.activeElement.id), focused, 'the focus was lost');
  assert.notEqual(await page.textContent('#announcer'), '', 'nothing was announced');
});

test('the charts of that link are drawn from its samples', async () => {
  await page.goto(changed.href);
  await page.waitForSelector('#chart-loss .uplot canvas');
  const drawn = await page.evaluate(() =>
    [...document.querySelectorAll('.chart canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value !== 0);
    }),
  );
  assert.deepEqual(drawn, [true, true, true], 'a canvas is missing or blank');
  const series = await page.evaluate(async (href) => (await fetch(`${href}/series.json`)).json(), changed.href);
  assert.ok(series.at_ms.length > 1, 'the series is empty');
  assert.ok(series.download.some((bps) => bps > 0), 'the series has no traffic');
  assert.ok(series.committed_bps > 0);
  for (const column of ['download', 'upload', 'rtt_min', 'rtt_avg', 'rtt_max', 'loss']) {
    assert.equal(series[column].length, series.at_ms.length, column);
  }
  await assertAccessible('link');
  await assertNoSidewaysScroll('link');
});

test('the list shows the same links, and nothing of other customers', async () => {
  await page.goto(`${BASE_URL}/client/links`);
  const row = page.locator(`tr[data-link="${changed.link}"]`);
  assert.equal(await row.count(), 1);
  await assertAccessible('links');
  await assertNoSidewaysScroll('links');
  const absent = await page.request.get(`${BASE_URL}/client/links/999999999`);
  assert.equal(absent.status(), 404);
});

test('a lost connection is told, and the page recovers by itself', async () => {
  await page.goto(`${BASE_URL}/client/dashboard`);
  const before = complaints.length;
  await page.context().setOffline(true);
  await page.waitForSelector('#connection-lost:not([hidden])', { timeout: 60_000 });
  await page.context().setOffline(false);
  await page.waitForSelector('#connection-lost', { state: 'hidden', timeout: 60_000 });
  // The browser itself reports the requests that failed while it was offline.
  complaints.splice(before);
});

test('logging out ends the session, and the browser had nothing to complain about', async () => {
  await page.click('#user-menu summary');
  await page.click('#user-menu button[type=submit]');
  await page.waitForURL('**/client/login');
  await page.goto(`${BASE_URL}/client/dashboard`);
  assert.equal(new URL(page.url()).pathname, '/client/login');
  assert.deepEqual(complaints, []);
});
