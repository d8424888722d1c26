// The live view of a link's traffic in a real browser, with a simulated router that tells what it said.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { assertAccessible, assertNoSidewaysScroll, launch, open, PHONE, STEP_MS_MAX, WIDE } from './browser.mjs';
import { startInstallation } from './installation.mjs';
import { startRouter } from './router.mjs';

const PASSWORD = 'kettle orbit maple nine';
const LIVE = '#watch[data-state="live"]';

let browser;
let router;
let portal;
let page;
let complaints;
let link;

before(async () => {
  browser = await launch();
  router = await startRouter();
  const users = [{ name: 'asha', role: 'owner', password: PASSWORD }];
  portal = await startInstallation(9, users, { roles: 'web,collector', prepare: addLink });
  ({ page, complaints } = await open(browser));
  link = await logIn(page);
});

/** A window of its own, closed with its test, whatever becomes of it: else it would go on watching. */
const windows = [];
async function openAnother(options) {
  const another = await open(browser, options);
  windows.push(another.page.context());
  return another;
}

afterEach(async () => {
  for (const context of windows.splice(0)) await context.close();
});

after(async () => {
  await browser?.close();
  await portal?.stop();
  await router?.stop();
});

function addLink(run, folder) {
  const file = join(folder, 'router.txt');
  writeFileSync(file, `${router.password}\n`);
  const { address, port, username } = router;
  run('router', 'add', '--name', 'edge', '--address', address, '--port', port, '--username', username, '--password-file', file, '--tls', 'off');
  run('link', 'add', '--client', 'Asha Textiles', '--router', 'edge', '--interface', 'ether1', '--circuit', 'ILL-1', '--type', 'ILL', '--committed-mbps', '100', '--activated', '2026-01-01');
}

/** Logs in and gives the address of the link. */
async function logIn(on) {
  await on.goto(`${portal.url}/client/login`);
  await on.fill('#username', 'asha');
  await on.fill('#password', PASSWORD);
  await on.click('button[type=submit]');
  await on.waitForURL('**/client/dashboard');
  await on.goto(`${portal.url}/client/links`);
  return on.locator('tbody th a').first().evaluate((a) => a.href);
}

async function watch(on = page) {
  await on.goto(link);
  await on.click('#watch-button');
}

/** The figures of a moment in which the view is live and its download is not `unlike`. */
async function liveFigures(on = page, unlike = '') {
  const both = await on.waitForFunction(
    ([live, unlike]) => {
      const read = ['download', 'upload'].map((name) => document.getElementById(`watch-${name}`)?.textContent);
      return document.querySelector(live) && read[0] !== unlike && read;
    },
    [LIVE, unlike],
  );
  return both.jsonValue();
}

/** Three digits, truncated, as every page writes a rate. */
function rateText(bps) {
  const units = [[1e9, 'Gbit/s'], [1e6, 'Mbit/s'], [1e3, 'kbit/s']];
  const [unit, name] = units.find(([unit]) => bps >= unit) ?? [1, 'bit/s'];
  if (unit === 1) return `${bps} bit/s`;
  const places = bps >= unit * 100 ? 0 : bps >= unit * 10 ? 1 : 2;
  return `${(Math.floor((bps / unit) * 10 ** places + 1e-6) / 10 ** places).toFixed(places)} ${name}`;
}

/** What the router said of the link's port, as the customer reads it: its port faces the customer. */
async function served() {
  const entries = (await router.order('served 0')).map((line) => JSON.parse(line));
  const traffic = entries.filter(({ what, name }) => what === 'traffic' && name === 'ether1');
  return traffic.map(({ rx_bps, tx_bps }) => [rateText(tx_bps), rateText(rx_bps)].join());
}

async function untilSessions(count) {
  const until = Date.now() + STEP_MS_MAX;
  for (;;) {
    const [open] = await router.order('sessions 0');
    if (Number(open) === count) return;
    assert.ok(Date.now() < until, `${open} sessions, not ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const painted = (on = page) =>
  on.locator('#watch-chart canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value !== 0);
  });

test('nothing is asked before the reader wants it', async () => {
  await page.goto(link);
  assert.equal(await page.locator('#watch-button').textContent(), 'Watch live');
  assert.ok(!(await page.locator('#watch-stage').isVisible()));
  await untilSessions(1);
  await assertAccessible(page, 'before it is started');
});

test('the figures move, and are what the router said', async () => {
  await watch();
  const first = await liveFigures();
  assert.ok((await served()).includes(first.join()), `${first} was never said by the router`);
  const second = await liveFigures(page, first[0]);
  assert.ok((await served()).includes(second.join()), `${second} was never said by the router`);
  assert.ok(await painted(), 'the chart is blank');
  for (const viewport of [PHONE, WIDE]) {
    await page.setViewportSize(viewport);
    await assertAccessible(page, `live at ${viewport.width} px`);
  }
  await assertNoSidewaysScroll(page, 'live');
});

test('another window shares what the router says', async () => {
  const other = await openAnother();
  await logIn(other.page);
  await watch(other.page);
  const read = await liveFigures(other.page);
  await untilSessions(2);
  assert.ok((await served()).includes(read.join()), `${read} was never said by the router`);
  assert.deepEqual(other.complaints, []);
});

test('a router that does not answer is said to, and the view goes on when it does', async () => {
  await watch();
  await page.waitForSelector(LIVE);
  await router.order('hang 0 on');
  // No old figure passes for one of now.
  await page.waitForFunction(() => {
    const text = (name) => document.getElementById(`watch-${name}`).textContent;
    return text('state').startsWith('The router does not answer') && text('download') === '–' && text('upload') === '–';
  });
  await assertAccessible(page, 'trouble');
  await router.order('hang 0 off');
  await page.waitForSelector(LIVE);
});

test('out of sight it stops, the router is left alone, and it goes on when asked', async () => {
  await watch();
  await page.waitForSelector(LIVE);
  // Seconds of an earlier view may have made it live: the router's side is waited for as well.
  await untilSessions(2);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.waitForSelector('#watch[data-state="paused"]');
  assert.equal(await page.locator('#watch-button').textContent(), 'Go on');
  // That of the rounds.
  await untilSessions(1);
  await page.evaluate(() => delete document.hidden);
  await page.click('#watch-button');
  await page.waitForSelector(LIVE);
  await untilSessions(2);
  await page.click('#watch-button');
  await page.waitForSelector('#watch[data-state="stopped"]');
  await page.goto(`${portal.url}/client/dashboard`);
  await untilSessions(1);
});

test('its time is limited, and it offers to go on', async () => {
  const words = 'The live view ended after 10 minutes.';
  await page.route('**/traffic/events', (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: `event: ended\ndata: ${JSON.stringify({ state: 'ended', words })}\n\n` }),
  );
  await watch();
  await page.waitForSelector('#watch[data-state="ended"]');
  assert.equal(await page.locator('#watch-state').textContent(), words);
  assert.equal(await page.locator('#watch-button').textContent(), 'Go on');
  await page.unroute('**/traffic/events');
  await page.click('#watch-button');
  await page.waitForSelector(LIVE);
  assert.deepEqual(complaints, []);
});

test('too many views are refused in words', async () => {
  const one = await openAnother();
  await logIn(one.page);
  const pages = [one.page, await one.page.context().newPage(), await one.page.context().newPage()];
  for (const each of pages.slice(0, 2)) {
    await watch(each);
    await each.waitForSelector(LIVE);
  }
  await watch(pages[2]);
  await pages[2].waitForSelector('#watch[data-state="refused"]');
  assert.match(await pages[2].locator('#watch-state').textContent(), /^As many live views as may be are open/);
  await pages[0].click('#watch-button');
  await pages[0].waitForSelector('#watch[data-state="stopped"]');
});

test('without JavaScript the panel is not there', async () => {
  const plain = await openAnother({ javaScriptEnabled: false });
  await logIn(plain.page);
  await plain.page.goto(link);
  assert.ok(!(await plain.page.locator('#watch').isVisible()));
});
