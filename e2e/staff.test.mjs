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
  const network = ['alerts', 'outages', 'links', 'routers', 'exclusions'];
  const customers = ['clients', 'users', 'reports'];
  const company = ['companies', 'notifications', 'deliveries', 'webhooks', 'team', 'audit', 'import'];
  for (const place of [...network, ...customers, ...company, 'account', 'design', 'search?q=MN']) {
    await visit(`/staff/${place}`, place);
  }
  for (const place of ['links', 'routers', 'clients', 'exclusions', 'users', 'companies', 'webhooks', 'team']) {
    await visit(`/staff/${place}/new`, `${place}, form`);
  }
});

test('the first of each list has a page, and the menu leads there', async () => {
  for (const [group, words, place] of [
    ['', 'Alerts', 'alerts'],
    ['Network', 'Outages', 'outages'],
    ['Customers', 'Portal users', 'users'],
    ['Customers', 'SLA reports', 'reports'],
    ['Company', 'Companies', 'companies'],
    ['Company', 'Notifications', 'notifications'],
    ['Company', 'Deliveries', 'deliveries'],
    ['Company', 'Staff', 'team'],
  ]) {
    await page.goto(`${BASE_URL}/staff`);
    if (group) await page.click(`.nav-group summary:has-text("${group}")`);
    await follow(page, `nav a:text-matches("^${words}")`);
    await follow(page, `.staff-table tbody th a[href^="/staff/${place}/"]`);
    assert.match(new URL(page.url()).pathname, new RegExp(`^/staff/${place}/\\d+$`));
    await assertAccessibleEverywhere(page.url());
    await assertNoSidewaysScroll(page, page.url());
  }
});

test('a logo that is handed in is shown, and one with a script is refused', async () => {
  await page.goto(`${BASE_URL}/staff/companies`);
  await follow(page, '.staff-table tbody th a');
  await follow(page, 'main a[href$="/logo"]');
  await assertAccessibleEverywhere('logo');
  await assertNoSidewaysScroll(page, 'logo');
  const hand = async (body) => {
    const file = { name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(body) };
    await page.setInputFiles('input[type="file"]', file);
    await send('main form:has(input[type="file"]) button');
  };
  const drawing = (inside) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40">${inside}</svg>`;
  await hand(drawing('<script>alert(1)</script>'));
  assert.match(await page.textContent('main'), /script/);
  await assertAccessibleEverywhere('logo, refused');
  const answered = complaints.findIndex((complaint) => complaint.includes('422'));
  assert.notEqual(answered, -1, 'the file was not answered with 422');
  complaints.splice(answered, 1);
  await hand(drawing('<rect width="120" height="40" fill="#0f6e5b"/>'));
  assert.match(await page.textContent('.logo-shown figcaption'), /^SVG, 1 KiB$/);
  const wide = await page.$eval('.logo-shown img', (img) => img.decode().then(() => img.naturalWidth / img.naturalHeight));
  assert.equal(wide, 3, 'another picture is shown');
});

test('what other settings would have sent is reckoned, and shown before anything is stored', async () => {
  await page.goto(`${BASE_URL}/staff/notifications`);
  await follow(page, '.staff-table tbody th a');
  await follow(page, 'a[href$="/rules/link_down"]');
  await assertAccessibleEverywhere('rule');
  await send('button:has-text("What would it have sent")');
  assert.match(await page.textContent('.staff-look'), /30 days/);
  await assertAccessibleEverywhere('rule with a look back');
  await assertNoSidewaysScroll(page, 'rule with a look back');
});

test('a client is looked at with its own eyes, and nothing can be changed there', async () => {
  await page.goto(`${BASE_URL}/staff/search?q=Asha`);
  await follow(page, '.staff-table a:text-is("Asha Textiles")');
  await page.click('summary:has-text("View as this client")');
  await send('details[open] .form button[type=submit]');
  assert.equal(new URL(page.url()).pathname, '/client/dashboard');
  assert.match(await page.textContent('.viewed'), /What Asha Textiles sees/);
  assert.ok((await page.locator('.card[data-link]').count()) > 3);
  await assertAccessibleEverywhere('dashboard as the client sees it');
  await assertNoSidewaysScroll(page, 'dashboard as the client sees it');
  const refused = await page.request.get(`${BASE_URL}/client/profile`);
  assert.equal(refused.status(), 403);
  await send('.viewed button');
  assert.match(new URL(page.url()).pathname, /^\/staff\/clients\/\d+$/);
  await page.goto(`${BASE_URL}/client/dashboard`);
  assert.equal(new URL(page.url()).pathname, '/client/login');
});

test('a file is chosen, its faults are named, and it is mended on the page', async () => {
  await page.goto(`${BASE_URL}/staff/import`);
  await page.selectOption('#what', 'clients');
  const file = (name) => ({ name: 'clients.csv', mimeType: 'text/csv', buffer: Buffer.from(`name\n${name}\n`) });
  await page.setInputFiles('#csv-file', file('Asha Textiles'));
  await page.waitForFunction(() => document.getElementById('csv').value.includes('Asha Textiles'));
  await send('button[value=check]');
  assert.match(await page.textContent('.problem'), /one fault/);
  await assertAccessibleEverywhere('file with a fault');
  await assertNoSidewaysScroll(page, 'file with a fault');
  const answered = complaints.findIndex((complaint) => complaint.includes('422'));
  complaints.splice(answered, 1);
  await page.fill('#csv', `name\nImported ${MARK}\n`);
  await send('button[value=check]');
  assert.match(await page.textContent('.said'), /All 1 clients are right/);
  await send('button[value=enter]');
  assert.match(await page.textContent('.said'), /1 clients are entered/);
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
  await send('.deed[open] button');
  assert.equal(new URL(page.url()).pathname, linkPage);
  await page.waitForSelector('.thing-state:has-text("Retired")');
  await page.goto(`${BASE_URL}/staff`);
  assert.equal(await page.locator(`[data-link="${CIRCUIT}"]`).count(), 0);
  await page.goto(`${BASE_URL}${clientPage}`);
  await page.click('summary:has-text("Retire")');
  await send('.deed[open] button');
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
