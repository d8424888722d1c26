// The charts of a link in a real browser: ranges, zoom, the common cursor, keyboard and touch, tables and files.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import {
  assertAccessible,
  assertNoSidewaysScroll,
  BASE_URL,
  launch,
  logIn,
  open,
  painted,
  PHONE,
  WIDE,
} from './browser.mjs';

const JS_BYTES_MAX = 60_000;
const DAY_MS = 86_400_000;

let browser;
let page;
let complaints;
/** The address of the first link of the list. */
let link;

before(async () => {
  browser = await launch();
  ({ page, complaints } = await open(browser));
  await logIn(page);
  await page.goto(`${BASE_URL}/client/links`);
  link = await page.locator('tbody th a').first().evaluate((a) => a.href);
});

after(async () => {
  await browser?.close();
});

async function show(query, on = page) {
  await on.goto(`${link}?${query}`);
  await on.waitForSelector('#chart-loss canvas');
}

/** The place of something on a chart, in pixels of the window. */
async function on(name, part, which = page) {
  const over = which.locator(`#chart-${name} .u-over`);
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  return { x: box.x + box.width * part, y: box.y + box.height / 2 };
}

async function drag(from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, to.y, { steps: 3 });
  await page.mouse.move(to.x, to.y, { steps: 3 });
  await page.mouse.up();
}

const read = (name, which = page) => which.locator(`[data-read="${name}"]`).textContent();
const zoomed = () => page.locator('#zoomed').isVisible();

/** Where the zoomed part begins and ends, from its own link. */
async function part() {
  const url = new URL(await page.locator('#zoomed-open').evaluate((a) => a.href));
  return ['from', 'to'].map((name) => Number(url.searchParams.get(name)));
}

test('each range draws three charts, says what it shows, and suits everybody', async () => {
  for (const range of ['24h', '7d', '30d', '13mo']) {
    await show(`range=${range}`);
    assert.deepEqual(await painted(page), [true, true, true], `${range}: a canvas is missing or blank`);
    assert.equal(await page.locator('.ranges [aria-current]').count(), 1);
    for (const viewport of [PHONE, WIDE]) {
      await page.setViewportSize(viewport);
      await assertAccessible(page, `${range} at ${viewport.width} px`);
    }
    await assertNoSidewaysScroll(page, range);
  }
});

test('the tables hold the figures of the charts', async () => {
  await show('range=7d');
  await page.getByRole('link', { name: 'Table of the traffic' }).click();
  const rows = page.locator('#table-traffic tbody tr');
  assert.ok((await rows.count()) >= 7, 'a row for each day');
  assert.ok(await rows.first().isVisible(), 'the table opens');
  await assertAccessible(page, 'open tables');
  await assertNoSidewaysScroll(page, 'open tables');
});

test('a file holds every measurement of the range', async () => {
  await show('range=24h');
  const url = new URL(await page.getByRole('link', { name: 'Traffic as a CSV file' }).evaluate((a) => a.href));
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Traffic as a CSV file' }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^[A-Za-z0-9-]+_traffic_\d{8}T\d{4}_\d{8}T\d{4}\.csv$/);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
  assert.equal(lines[0], 'circuit,time,state,download_bps,upload_bps');
  assert.ok(lines.length > 280, `${lines.length} lines`);
  // The first line is the first point of the same range.
  const first = lines[1].split(',');
  const from = Date.parse(first[1]);
  const series = await page.evaluate(
    async ([href, from]) => (await fetch(`${href}/series.json?from=${from}&to=${from + 3_600_000}`)).json(),
    [url.href.split('/traffic.csv')[0], from],
  );
  assert.equal(series.at_ms[0], from);
  assert.equal(String(series.download[0]), first[3]);
});

test('the cursor moves in step over all charts, and the legend tells what was there', async () => {
  await show('range=24h');
  assert.equal(await read('time'), 'Whole range');
  const { x, y } = await on('latency', 0.4);
  await page.mouse.move(x, y);
  await page.waitForFunction(() => document.querySelector('[data-read="time"]').textContent !== 'Whole range');
  const cursors = await page.evaluate(() =>
    [...document.querySelectorAll('.u-cursor-x')].map((line) => new DOMMatrix(getComputedStyle(line).transform).e),
  );
  assert.equal(cursors.length, 3);
  for (const left of cursors) assert.ok(Math.abs(left - cursors[0]) <= 1, `${cursors}`);
  assert.match(await read('download'), /bit\/s$/);
  assert.match(await read('latency'), /ms$/);
  await page.mouse.move(5, 5);
  // Without a cursor the whole range is told.
  await page.waitForFunction(() => document.querySelector('[data-read="time"]').textContent === 'Whole range');
});

test('a drag zooms all charts, finer figures come, Shift and drag moves, a double click goes back', async () => {
  await show('range=13mo');
  const asked = [];
  page.on('request', (request) => request.url().includes('part=true') && asked.push(request.url()));
  await drag(await on('traffic', 0.5), await on('traffic', 0.51));
  await page.waitForSelector('#zoomed:not([hidden])');
  const [from, to] = await part();
  assert.ok(to - from < 8 * DAY_MS && to - from > DAY_MS, `${(to - from) / DAY_MS} days`);
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((r) => r.name.includes('part=true')));
  // Later rounds of the page may ask for the same part again.
  assert.equal(new Set(asked).size, 1, `${asked}`);
  await page.keyboard.down('Shift');
  await drag(await on('traffic', 0.3), await on('traffic', 0.8));
  await page.keyboard.up('Shift');
  await page.waitForFunction((from) => Number(new URL(document.querySelector('#zoomed-open').href).searchParams.get('from')) < from, from);
  const [moved, end] = await part();
  assert.ok(Math.abs(end - moved - (to - from)) < 1_000, 'moving does not zoom');
  assert.deepEqual(await painted(page), [true, true, true]);
  const { x, y } = await on('loss', 0.5);
  await page.mouse.dblclick(x, y);
  await page.waitForSelector('#zoomed', { state: 'hidden' });
});

test('the buttons zoom and move too, and a part can be opened as a range of its own', async () => {
  await show('range=7d');
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await page.waitForSelector('#zoomed:not([hidden])');
  const [from, to] = await part();
  assert.ok(Math.abs(to - from - 3.5 * DAY_MS) < 60_000, 'half of it');
  await page.getByRole('button', { name: 'Earlier' }).click();
  await page.waitForFunction((from) => Number(new URL(document.querySelector('#zoomed-open').href).searchParams.get('from')) < from, from);
  await page.locator('#zoomed-open').click();
  await page.waitForSelector('#chart-loss canvas');
  assert.equal(await page.locator('.ranges [aria-current]').count(), 0, 'none of the usual ranges');
  assert.ok(!(await zoomed()));
});

test('the keyboard moves the cursor, and what it meets is spoken', async () => {
  await show('range=30d');
  await page.focus('#chart-traffic');
  const spoken = () => page.evaluate(() => document.activeElement.getAttribute('aria-valuetext'));
  await page.keyboard.press('End');
  const last = await spoken();
  assert.match(last, /^\d+ \w+ \d\d:\d\d to .*: .*download .*bit\/s, upload .*latency .*loss/);
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await spoken(), last);
  await page.keyboard.press('+');
  await page.waitForSelector('#zoomed:not([hidden])');
  await page.keyboard.press('0');
  await page.waitForSelector('#zoomed', { state: 'hidden' });
});

test('the period before is drawn beneath and told in the legend', async () => {
  await show('range=7d');
  const canvas = () => page.locator('#chart-traffic canvas').evaluate((c) => c.toDataURL());
  const plain = await canvas();
  const button = page.getByRole('button', { name: 'Compare with the period before' });
  await Promise.all([page.waitForResponse((r) => r.url().includes(`shift=${7 * DAY_MS}`)), button.click()]);
  assert.equal(await button.getAttribute('aria-pressed'), 'true');
  await page.waitForFunction((plain) => document.querySelector('#chart-traffic canvas').toDataURL() !== plain, plain);
  const { x, y } = await on('traffic', 0.5);
  await page.mouse.move(x, y);
  await page.waitForFunction(() => /^before: \d/.test(document.querySelector('[data-read="download-more"]').textContent));
  await assertAccessible(page, 'comparison');
});

test('a finger points, two fingers zoom, and the page still scrolls', async () => {
  const phone = await open(browser, { viewport: PHONE, hasTouch: true, isMobile: true });
  await logIn(phone.page);
  await show('range=7d', phone.page);
  const tapped = await on('traffic', 0.5, phone.page);
  await phone.page.touchscreen.tap(tapped.x, tapped.y);
  await phone.page.waitForFunction(() => document.querySelector('[data-read="time"]').textContent !== 'Whole range');
  const client = await phone.page.context().newCDPSession(phone.page);
  const touch = (type, ...xs) =>
    client.send('Input.dispatchTouchEvent', { type, touchPoints: xs.map((x, id) => ({ x, y: tapped.y, id })) });
  await touch('touchStart', tapped.x - 20, tapped.x + 20);
  for (const apart of [30, 50, 80]) await touch('touchMove', tapped.x - apart, tapped.x + apart);
  await touch('touchEnd');
  await phone.page.waitForSelector('#zoomed:not([hidden])');
  const action = await phone.page.locator('#chart-traffic .u-over').evaluate((over) => getComputedStyle(over).touchAction);
  assert.equal(action, 'pan-y');
  assert.deepEqual(phone.complaints, []);
  await phone.page.context().close();
});

test('a senseless range says why, and the charts stay', async () => {
  const before = complaints.length;
  await show('from=2026-01-02T00:00&to=2026-01-01T00:00');
  assert.equal(await page.locator('#range-problem').textContent(), 'The end must come after the start.');
  assert.ok(await page.locator('[name=from]').isVisible());
  await assertAccessible(page, 'senseless range');
  // The browser itself reports the status 400.
  complaints.splice(before);
});

test('without JavaScript the ranges, tables and files work', async () => {
  const plain = await open(browser, { javaScriptEnabled: false });
  await logIn(plain.page);
  await plain.page.goto(link);
  await plain.page.getByRole('link', { name: '30 days' }).click();
  await plain.page.waitForURL(/range=30d/);
  await plain.page.locator('summary', { hasText: 'Packet loss by day' }).click();
  assert.ok(await plain.page.locator('#table-loss tbody tr').first().isVisible());
  await plain.page.context().close();
});

test('the scripts of the page are small', async () => {
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.setCacheDisabled', { cacheDisabled: true });
  const scripts = new Set();
  let bytes = 0;
  client.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId));
  client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength;
  });
  await page.goto(link, { waitUntil: 'networkidle' });
  console.log(`# ${scripts.size} scripts, ${bytes} bytes on the wire`);
  assert.ok(scripts.size >= 2 && bytes < JS_BYTES_MAX, `${scripts.size} scripts, ${bytes} bytes`);
});

test('the browser had nothing to complain about', () => {
  assert.deepEqual(complaints, []);
});
