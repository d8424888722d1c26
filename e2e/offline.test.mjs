// The portal without a connection: what this person saw last, its age, and nothing once they have logged out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertNoSidewaysScroll, BASE_URL, launch, logIn, open } from './browser.mjs';

let browser;
let page;
let context;

before(async () => {
  browser = await launch();
  ({ page } = await open(browser));
  context = page.context();
});

after(async () => {
  await browser?.close();
});

/** All that the browser keeps of the portal. */
function kept() {
  return page.evaluate(async () => ({
    storage: Object.keys(localStorage),
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
}

const NOTHING = { storage: [], caches: [], workers: 0 };

async function untilNothingIsKept() {
  const until = Date.now() + 10_000;
  let now = await kept();
  while (Date.now() < until && JSON.stringify(now) !== JSON.stringify(NOTHING)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    now = await kept();
  }
  assert.deepEqual(now, NOTHING);
}

async function untilInstalled() {
  await page.waitForFunction(async () => {
    const names = await caches.keys();
    return (await navigator.serviceWorker.getRegistration('/client/'))?.active?.state === 'activated' && names.length === 1;
  });
}

async function goOffline() {
  await context.setOffline(true);
  await page.reload();
  await page.waitForSelector('#offline-title');
}

test('the manifest names the company, and its icons are there', async () => {
  await logIn(page);
  const address = await page.locator('link[rel=manifest]').getAttribute('href');
  const manifest = await (await page.request.get(`${BASE_URL}${address}`)).json();
  assert.equal(manifest.name, await page.locator('.brand').first().textContent().then((text) => text.trim()));
  assert.deepEqual(manifest.icons.map(({ sizes, purpose }) => `${sizes} ${purpose}`), [
    'any any',
    '192x192 any',
    '512x512 any',
    '512x512 maskable',
  ]);
  for (const { src, sizes, type } of manifest.icons) {
    const size = await page.evaluate(
      (src) =>
        new Promise((done, failed) => {
          const image = new Image();
          image.onload = () => done(`${image.naturalWidth}x${image.naturalHeight}`);
          image.onerror = failed;
          image.src = src;
        }),
      src,
    );
    if (type === 'image/png') assert.equal(size, sizes, src);
  }
});

test('without a connection the last state is shown with its age', async () => {
  await untilInstalled();
  const names = (page) => page.locator('[data-link]').evaluateAll((all) => all.map((one) => one.dataset.name));
  const seen = await names(page);
  const figures = await page.locator('#board-stats dd').count();
  assert.ok(seen.length > 0);
  await goOffline();
  const shown = await page.locator('#offline-links tr').count();
  assert.equal(shown, seen.length);
  assert.equal(await page.locator('#offline-stats dd').count(), figures);
  assert.match(await page.textContent('#offline-age'), /^(just now|\d+ [smh] ago)$/);
  assert.match(await page.textContent('#offline-when'), /\d\d:\d\d/);
  assert.equal(await page.locator('#offline-links .pill').count(), seen.length, 'a state is missing');
  await assertAccessible(page, 'offline');
  await assertNoSidewaysScroll(page, 'offline');
  // Any page of the portal leads here, and back as soon as there is a connection.
  await page.goto(`${BASE_URL}/client/sla-reports`);
  await page.waitForSelector('#offline-stats .stat');
  await context.setOffline(false);
  await page.waitForSelector('#user-menu');
});

test('what another person saw is not shown', async () => {
  // On a page without the board: the dashboard would keep its own, fresh state over this one with the next round.
  await page.goto(`${BASE_URL}/client/profile`);
  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.getItem('leaseline-last'));
    if (kept.user !== 'asha') throw new Error(`nothing of one's own was kept: ${kept.user}`);
    localStorage.setItem('leaseline-last', JSON.stringify({ ...kept, user: 'somebody-else', headline: 'Not yours' }));
  });
  await page.reload();
  await page.waitForLoadState('load');
  assert.equal(await page.evaluate(() => localStorage.getItem('leaseline-last')), null);
  await goOffline();
  assert.ok(await page.isVisible('#offline-nothing'));
  assert.ok(!(await page.isVisible('#offline-last')));
  await context.setOffline(false);
  await page.waitForSelector('#user-menu');
});

test('a session that ended leaves nothing behind', async () => {
  await page.goto(`${BASE_URL}/client/dashboard`);
  await untilInstalled();
  await context.clearCookies();
  // The page itself may be on its way to the log-in already.
  await page.reload().catch(() => undefined);
  await page.waitForURL('**/client/login');
  await untilNothingIsKept();
});

test('after logging out nothing is left', async () => {
  await logIn(page);
  await untilInstalled();
  await page.click('#user-menu summary');
  await page.click('#user-menu button[type=submit]');
  await page.waitForURL('**/client/login');
  await untilNothingIsKept();
  await context.setOffline(true);
  await assert.rejects(page.goto(`${BASE_URL}/client/dashboard`), /ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(false);
});
