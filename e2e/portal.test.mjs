// Watches the portal as a customer would: logs in, sees a link change by itself, opens its charts, logs out.
// EXPECT_LINK (optional) names the circuit that must change.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertNoSidewaysScroll, BASE_URL, follow, launch, logIn, open, painted } from './browser.mjs';

const { EXPECT_LINK } = process.env;
const CHANGE_MS_MAX = 180_000;

let browser;
let page;
let complaints;

before(async () => {
  browser = await launch();
  ({ page, complaints } = await open(browser));
});

after(async () => {
  await browser?.close();
});

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
  await assertAccessible(page, 'login');
  await assertNoSidewaysScroll(page, 'login');
});

test('the customer logs in and sees the cards', async () => {
  await logIn(page);
  const seen = await page.evaluate(states);
  assert.ok(seen.length > 0, 'the dashboard has no card');
  for (const { word } of seen) assert.match(word, /^(Up|Down|Unknown)$/);
  await assertAccessible(page, 'dashboard');
  await assertNoSidewaysScroll(page, 'dashboard');
});

test('search answers while one types, keeps over a refresh, and leads back to all links', async () => {
  const all = (await page.evaluate(states)).map(({ link }) => link);
  assert.ok(all.length > 3, 'too few links to search');
  const wanted = all.at(-1);
  await page.fill('#b-q', wanted.toLowerCase());
  const alone = ([wanted]) => {
    const cards = [...document.querySelectorAll('[data-link]')];
    return cards.length === 1 && cards[0].dataset.link === wanted;
  };
  await page.waitForFunction(alone, [wanted]);
  assert.equal(new URL(page.url()).searchParams.get('q'), wanted.toLowerCase(), 'the address says what is shown');
  const renewed = page.evaluate(
    () => new Promise((done) => document.addEventListener('leaseline:refreshed', done, { once: true })),
  );
  await renewed;
  assert.ok(await page.evaluate(alone, [wanted]), 'a refresh brought the others back');
  await assertAccessible(page, 'dashboard, one link found');
  await page.reload();
  assert.ok(await page.evaluate(alone, [wanted]), 'the address alone does not find it');
  await page.fill('#b-q', 'no such link anywhere');
  await page.waitForSelector('#board-none');
  await page.fill('#b-q', '');
  await page.waitForFunction((count) => document.querySelectorAll('[data-link]').length === count, all.length);
  await page.selectOption('#b-group', 'site');
  await page.waitForSelector('details.group');
  await assertAccessible(page, 'dashboard by site');
  await assertNoSidewaysScroll(page, 'dashboard by site');
  await page.goto(`${BASE_URL}/client/dashboard`);
});

test('without a script the form does the same', async () => {
  const { cookies } = await page.context().storageState();
  const plain = await browser.newContext({ javaScriptEnabled: false });
  await plain.addCookies(cookies);
  const bare = await plain.newPage();
  await bare.goto(`${BASE_URL}/client/dashboard`);
  await bare.selectOption('#b-sort', 'name');
  await follow(bare, '.board-filter button');
  assert.equal(new URL(bare.url()).searchParams.get('sort'), 'name');
  const names = await bare.locator('[data-link]').evaluateAll((cards) => cards.map((card) => card.dataset.name));
  assert.deepEqual(names, [...names].sort(), 'not in order');
  await plain.close();
});

test('the server tells of changes, and the page asks by itself where it cannot', async () => {
  await page.goto(`${BASE_URL}/client/dashboard`);
  const told = () =>
    page.evaluate(
      () =>
        new Promise((done) => {
          const source = new EventSource('/client/dashboard/events');
          source.addEventListener('changed', () => (source.close(), done('changed')));
          setTimeout(() => (source.close(), done('nothing')), 90_000);
        }),
    );
  assert.equal(await told(), 'changed', 'no stream, or no change in 90 s');
  const context = await browser.newContext({ storageState: await page.context().storageState() });
  const alone = await context.newPage();
  await alone.route('**/events', (route) => route.fulfill({ status: 429 }));
  await alone.goto(`${BASE_URL}/client/dashboard`);
  await alone.evaluate(
    () => new Promise((done) => document.addEventListener('leaseline:refreshed', done, { once: true })),
  );
  await context.close();
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

test('the focus stays on a card that a refresh moves to the top', async () => {
  await page.goto(`${BASE_URL}/client/dashboard`);
  const last = page.locator('.card h2 a').last();
  await last.focus();
  const focused = await page.evaluate(() => document.activeElement.id);
  assert.notEqual(focused, '');
  await page.route('**/client/dashboard/cards*', async (route) => {
    const answer = await route.fetch();
    const body = await page.evaluate(
      ([html, id]) => {
        const moved = new DOMParser().parseFromString(html, 'text/html');
        const card = moved.getElementById(id).closest('.card');
        card.parentElement.prepend(card);
        return moved.documentElement.outerHTML;
      },
      [await answer.text(), focused],
    );
    await route.fulfill({ response: answer, body });
  });
  await page.waitForFunction((id) => document.querySelector('.card h2 a').id === id, focused);
  assert.equal(await page.evaluate(() => document.activeElement.id), focused, 'the focus was lost');
  await page.unroute('**/client/dashboard/cards*');
});

test('the charts of that link are drawn from its samples', async () => {
  await page.goto(changed.href);
  await page.waitForSelector('#chart-loss .uplot canvas');
  assert.deepEqual(await painted(page), [true, true, true], 'a canvas is missing or blank');
  const series = await page.evaluate(async (href) => (await fetch(`${href}/series.json`)).json(), changed.href);
  assert.ok(series.at_ms.length > 1, 'the series is empty');
  assert.ok(series.download.some((bps) => bps > 0), 'the series has no traffic');
  assert.ok(series.committed_bps > 0);
  for (const column of ['download', 'upload', 'rtt_low', 'rtt', 'rtt_high', 'loss']) {
    assert.equal(series[column].length, series.at_ms.length, column);
  }
  await assertAccessible(page, 'link');
  await assertNoSidewaysScroll(page, 'link');
});

test('the list shows the same links, and nothing of other customers', async () => {
  await page.goto(`${BASE_URL}/client/links`);
  const row = page.locator(`tr[data-link="${changed.link}"]`);
  assert.equal(await row.count(), 1);
  await assertAccessible(page, 'links');
  await assertNoSidewaysScroll(page, 'links');
  const absent = await page.request.get(`${BASE_URL}/client/links/999999999`);
  assert.equal(absent.status(), 404);
});

test('a lost connection is told, and the page recovers by itself', async () => {
  await page.goto(`${BASE_URL}/client/dashboard`);
  const before = complaints.length;
  await page.context().setOffline(true);
  await page.waitForSelector('#connection-lost:not([hidden])', { timeout: 60_000 });
  // A tab that is hidden asks nothing, so it must not claim to be connected again.
  const saysSo = await page.evaluate(async () => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: true });
    window.dispatchEvent(new Event('online'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    delete document.hidden;
    return document.querySelector('#connection-lost').hidden;
  });
  assert.equal(saysSo, false, 'a hidden tab that is offline says that it is connected again');
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
