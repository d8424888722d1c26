// Works as the ISP's own people do: logs in, looks at the wall, adds a client and a link, retires both, reads the audit.
// STAFF_USERNAME, STAFF_PASSWORD (optional): who; the demo's admin otherwise.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { assertNoSidewaysScroll, BASE_URL, follow, launch, open, PHONE, WIDE } from './browser.mjs';

const { STAFF_USERNAME = 'noc', STAFF_PASSWORD = 'leaseline-demo-1' } = process.env;
// A demo that is left running is tested more than once.
const MARK = Date.now().toString(36).toUpperCase();
const CLIENT = `Tamarind Works ${MARK}`;
const CIRCUIT = `E2E-${MARK}`;

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

/** On a wide screen and on a phone, light and dark. */
async function assertAccessibleEverywhere(what) {
  for (const size of [WIDE, PHONE]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.html).join(' ')}`);
      assert.deepEqual(found, [], `${what}, ${colorScheme}, ${size.width} px`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(WIDE);
}

async function visit(path, what) {
  await page.goto(`${BASE_URL}${path}`);
  assert.equal(new URL(page.url()).pathname, path.split('?')[0]);
  await assertAccessibleEverywhere(what);
  await assertNoSidewaysScroll(page, what);
}

/** Sends the form of the page and waits for the page that follows. */
async function send(selector) {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
}

test('a page of the staff leads to their log-in, and to nothing else of the portal', async () => {
  await page.goto(`${BASE_URL}/staff/links`);
  assert.equal(new URL(page.url()).pathname, '/staff/login');
  await assertAccessibleEverywhere('log-in');
  await assertNoSidewaysScroll(page, 'log-in');
  await page.fill('#username', STAFF_USERNAME);
  await page.fill('#password', STAFF_PASSWORD);
  await send('button[type=submit]');
  assert.equal(new URL(page.url()).pathname, '/staff/links', 'back to where one wanted to go');
  await page.goto(`${BASE_URL}/client/dashboard`);
  assert.equal(new URL(page.url()).pathname, '/client/login');
});

test('the wall shows every link once, the worst first, and renews itself', async () => {
  await visit('/staff', 'wall');
  const read = () =>
    page.evaluate(() => ({
      total: Number([...document.querySelectorAll('#wall-stats dt')].find((dt) => dt.textContent === 'Links').nextElementSibling.textContent),
      links: [...document.querySelectorAll('#wall-routers [data-link]')].map((link) => link.dataset.link),
      panels: [...document.querySelectorAll('.wall-router')].map((panel) =>
        ['wall-down', 'wall-unknown', 'wall-up'].findIndex((name) => panel.classList.contains(name)),
      ),
    }));
  const seen = await read();
  assert.ok(seen.links.length > 3, 'too few links on the wall');
  assert.equal(new Set(seen.links).size, seen.links.length, 'a link stands twice');
  assert.equal(seen.links.length, seen.total);
  assert.deepEqual(seen.panels, [...seen.panels].sort(), 'the worst does not stand first');
  // A page that is loaded anew has no such flag, and waiting for it ends in the usual limit.
  await page.evaluate(() => {
    document.addEventListener('leaseline:refreshed', () => (window.renewed = true), { once: true });
  });
  await page.waitForFunction(() => window.renewed);
  assert.equal((await read()).links.length, seen.total);
});

test('every list and form is accessible', async () => {
  const lists = ['alerts', 'outages', 'links', 'routers', 'clients', 'users', 'exclusions', 'companies', 'people', 'audit'];
  for (const place of [...lists, 'account', 'design']) {
    await visit(`/staff/${place}`, place);
  }
  for (const place of ['links/new', 'routers/new', 'clients/new', 'exclusions/new']) {
    await visit(`/staff/${place}`, place);
  }
});

test('the first alert and the first outage have a page, and the menu leads there', async () => {
  for (const group of ['', 'Network']) {
    await page.goto(`${BASE_URL}/staff`);
    if (group) await page.click(`.nav-group summary:has-text("${group}")`);
    await follow(page, `nav a:has-text("${group ? 'Outages' : 'Alerts'}")`);
    await follow(page, '.staff-table tbody th a');
    assert.match(new URL(page.url()).pathname, /^\/staff\/(alerts|outages)\/\d+$/);
    await assertAccessibleEverywhere(page.url());
    await assertNoSidewaysScroll(page, page.url());
  }
});

test('a dialog asks before it is done, and Escape is no', async () => {
  await page.goto(`${BASE_URL}/staff/design`);
  await page.click('#d-ask');
  await page.waitForSelector('dialog[open]');
  await assertAccessibleEverywhere('dialog');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  await page.click('#d-ask');
  await follow(page, 'dialog .button-danger');
  await page.click('#d-toast');
  await page.waitForSelector('.toast');
  await assertAccessibleEverywhere('toast');
});

let clientPage;
let linkPage;

test('a client is added', async () => {
  await page.goto(`${BASE_URL}/staff/clients`);
  await page.click('text=Add a client');
  await page.fill('#name', CLIENT);
  await send('.staff-form .deeds button[type=submit]');
  clientPage = new URL(page.url()).pathname;
  assert.match(clientPage, /^\/staff\/clients\/\d+$/);
  assert.equal(await page.textContent('h1'), CLIENT);
  await visit(clientPage, 'client');
});

test('a link with mistakes comes back with them, and nothing is lost', async () => {
  await page.goto(`${BASE_URL}${clientPage}`);
  await page.click('text=Add a link');
  assert.equal(await page.inputValue('#router'), '', 'a router that nobody chose');
  await page.selectOption('#router', { index: 1 });
  await page.fill('#circuit', CIRCUIT);
  await page.fill('#interface', `vlan-${MARK}`);
  await page.fill('#site', 'Mysuru');
  await page.fill('#committed', 'fast');
  await send('.staff-form .deeds button[type=submit]');
  assert.match(await page.textContent('#committed-wrong'), /Mbit/);
  assert.equal(await page.getAttribute('#committed', 'aria-invalid'), 'true');
  assert.equal(await page.inputValue('#site'), 'Mysuru');
  assert.equal(await page.inputValue('#circuit'), CIRCUIT);
  assert.equal(await page.$eval('#client', (choice) => choice.selectedOptions[0].textContent), CLIENT);
  await assertAccessibleEverywhere('link form with mistakes');
  // The browser itself reports the answer 422 as a failed request; whatever else it complains of stays.
  const answered = complaints.findIndex((complaint) => complaint.includes('422'));
  assert.notEqual(answered, -1, 'the form was not answered with 422');
  complaints.splice(answered, 1);
  await page.fill('#committed', '50');
  await page.fill('#uptime_pct', '99.5');
  await send('.staff-form .deeds button[type=submit]');
  linkPage = new URL(page.url()).pathname;
  assert.match(linkPage, /^\/staff\/links\/\d+$/);
  assert.equal(await page.textContent('h1'), CIRCUIT);
  await visit(linkPage, 'link');
  await visit(`${linkPage}/edit`, 'link form');
  await visit(`${linkPage}/terms`, 'terms form');
});

test('search finds it, and it is on the wall', async () => {
  await page.goto(`${BASE_URL}/staff/links`);
  await page.fill('#q', CIRCUIT.toLowerCase());
  await send('.staff-search button');
  assert.deepEqual(await page.locator('.staff-table tbody th a').allTextContents(), [CIRCUIT]);
  await page.goto(`${BASE_URL}/staff`);
  assert.equal(await page.locator(`[data-link="${CIRCUIT}"]`).count(), 1);
});

test('the link and then the client are retired', async () => {
  await page.goto(`${BASE_URL}${linkPage}`);
  await page.click('summary:has-text("Retire")');
  await assertAccessibleEverywhere('link, about to be retired');
  await send('.deed button');
  assert.equal(new URL(page.url()).pathname, linkPage);
  await page.waitForSelector('.thing-state:has-text("Retired")');
  await page.goto(`${BASE_URL}/staff`);
  assert.equal(await page.locator(`[data-link="${CIRCUIT}"]`).count(), 0);
  await page.goto(`${BASE_URL}${clientPage}`);
  await page.click('summary:has-text("Retire")');
  await send('.deed button');
  await page.waitForSelector('.thing-state:has-text("Retired")');
});

test('the audit log shows it all with before and after', async () => {
  for (const [search, action] of [
    [CLIENT, 'client.add'],
    [CLIENT, 'client.retire'],
    [CIRCUIT, 'link.add'],
    [CIRCUIT, 'link.retire'],
  ]) {
    await page.goto(`${BASE_URL}/staff/audit?q=${encodeURIComponent(search)}`);
    const event = page.locator(`[data-action="${action}"]`);
    assert.equal(await event.count(), 1, `${action} of ${search}`);
    assert.match(await event.textContent(), new RegExp(`staff:${STAFF_USERNAME}`));
  }
  const retired = page.locator('[data-action="link.retire"] tr:has(th:text-is("terminated_at_ms")) td');
  const [was, is] = await retired.allTextContents();
  assert.equal(was.trim(), '–');
  assert.match(is, /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$/);
  await assertAccessibleEverywhere('audit');
});

test('logging out ends the session, and the browser had nothing to complain about', async () => {
  await page.click('#user-menu summary');
  await send('#user-menu button[type=submit]');
  assert.equal(new URL(page.url()).pathname, '/staff/login');
  await page.goto(`${BASE_URL}/staff`);
  assert.equal(new URL(page.url()).pathname, '/staff/login');
  assert.deepEqual(complaints, []);
});
