// What people do with their accounts, in a real browser, with mail that really leaves: second factor, sessions, colleagues,
// a forgotten password. On an installation of its own, since it changes passwords.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertNoSidewaysScroll, follow, launch, open, PHONE, WIDE } from './browser.mjs';
import { startInstallation } from './installation.mjs';
import { linkIn, startSink } from './smtp-sink.mjs';
import { STEP_MS, totp } from './totp.mjs';

const PASSWORD = 'kettle orbit maple nine';
const NEW_PASSWORD = 'lantern copper wolf drift';

let browser;
let sink;
let portal;
const opened = [];
/** Of the account `asha`. */
let secret;
let codes;
let usedStep;

before(async () => {
  browser = await launch();
  sink = await startSink();
  portal = await startInstallation(sink.port, [
    { name: 'asha', role: 'owner', password: PASSWORD },
    { name: 'ravi', role: 'viewer', password: PASSWORD },
  ]);
});

after(async () => {
  await browser?.close();
  await portal?.stop();
  await sink?.stop();
});

async function fresh(options) {
  const window = await open(browser, options);
  opened.push(window);
  return window.page;
}

async function giveName(page, username, password) {
  await page.goto(`${portal.url}/client/login`);
  await page.fill('#username', username);
  await page.fill('#password', password);
  await page.click('button[type=submit]');
}

async function logIn(page, username, password) {
  await giveName(page, username, password);
  await page.waitForURL('**/client/dashboard');
}

/** A code whose step was not used yet; none is taken twice, so at times one has to wait for the next, as people do. */
async function nextCode() {
  while (Math.floor(Date.now() / STEP_MS) <= usedStep) await new Promise((resolve) => setTimeout(resolve, 200));
  usedStep = Math.floor(Date.now() / STEP_MS);
  return totp(secret);
}

/** What must hold on each page, on a screen and on a telephone. */
async function assertGood(page, what) {
  for (const size of [WIDE, PHONE]) {
    await page.setViewportSize(size);
    await assertAccessible(page, `${what} at ${size.width} px`);
  }
  await assertNoSidewaysScroll(page, what);
}

test('the pages of an account hold on screens and telephones, light and dark', async () => {
  const page = await fresh();
  await logIn(page, 'asha', PASSWORD);
  for (const path of ['profile', 'profile/second-factor', 'profile/sessions', 'users']) {
    const answer = await page.goto(`${portal.url}/client/${path}`);
    assert.equal(answer.status(), 200, path);
    await assertGood(page, path);
  }
  await page.goto(`${portal.url}/client/forgot`);
  await assertGood(page, 'forgot');
});

test('a second factor is switched on, and its owner is told by mail', async () => {
  const page = await fresh();
  await logIn(page, 'asha', PASSWORD);
  await page.goto(`${portal.url}/client/profile/second-factor`);
  await page.fill('#password', PASSWORD);
  await follow(page, 'text=Switch it on');
  secret = (await page.textContent('.secret')).trim();
  await assertGood(page, 'QR code');
  await page.fill('#code', await nextCode());
  await follow(page, 'text=Switch it on');
  codes = await page.locator('.codes li').allTextContents();
  assert.equal(codes.length, 10);
  await assertGood(page, 'recovery codes');
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('text=Download as text')]);
  assert.match(file.suggestedFilename(), /\.txt$/);
  await follow(page, 'text=I have kept them');
  await assertGood(page, 'second factor that is on');
  const told = await sink.take('asha@asha-textiles.example', 'second factor was switched on');
  assert.doesNotMatch(told.text, /https?:\/\/127/, 'a warning has no link');
});

test('a login asks for the code, and a recovery code works once', async () => {
  const page = await fresh();
  await giveName(page, 'asha', PASSWORD);
  await page.waitForURL('**/client/login/code');
  await assertGood(page, 'code step');
  await page.goto(`${portal.url}/client/dashboard`);
  assert.equal(new URL(page.url()).pathname, '/client/login', 'in without a code');
  await page.goto(`${portal.url}/client/login/code`);
  await page.fill('#code', await nextCode());
  await page.click('button[type=submit]');
  await page.waitForURL('**/client/dashboard');

  const other = await fresh();
  await giveName(other, 'asha', PASSWORD);
  await other.fill('#code', codes[0]);
  await other.click('button[type=submit]');
  await other.waitForURL('**/client/dashboard');

  const third = await fresh();
  await giveName(third, 'asha', PASSWORD);
  await third.fill('#code', codes[0]);
  await third.click('button[type=submit]');
  await third.waitForSelector('#problem');
  await assertAccessible(third, 'code step with a problem');
  await third.fill('#code', codes[1]);
  await third.click('button[type=submit]');
  await third.waitForURL('**/client/dashboard');
});

test('a session is ended from another browser', async () => {
  const here = await fresh();
  const there = await fresh();
  await logIn(here, 'ravi', PASSWORD);
  await logIn(there, 'ravi', PASSWORD);
  await here.goto(`${portal.url}/client/profile/sessions`);
  assert.equal(await here.locator('tr[data-session]').count(), 2);
  await assertGood(here, 'two sessions');
  await follow(here, 'tr[data-session]:not([data-this]) button');
  await here.waitForSelector('.said');
  assert.equal(await here.locator('tr[data-session]').count(), 1);
  await there.goto(`${portal.url}/client/dashboard`);
  assert.equal(new URL(there.url()).pathname, '/client/login', 'the ended session lives');
});

test('a viewer sees no people, and an owner cannot be made by asking', async () => {
  const page = await fresh();
  await logIn(page, 'ravi', PASSWORD);
  await page.goto(`${portal.url}/client/profile`);
  assert.equal(await page.locator('.tabs a[href="/client/users"]').count(), 0);
  await assertGood(page, "viewer's profile");
  const refused = await page.request.get(`${portal.url}/client/users`);
  assert.equal(refused.status(), 403);
  const form = { username: 'ally', email: 'ally@evil.example', role: 'owner' };
  const invited = await page.request.post(`${portal.url}/client/users`, { form, headers: { origin: portal.url } });
  assert.equal(invited.status(), 403);
});

test('a colleague is invited, follows the link, and is a viewer', async () => {
  const page = await fresh();
  await giveName(page, 'asha', PASSWORD);
  await page.fill('#code', codes[2]);
  await page.click('button[type=submit]');
  await page.waitForURL('**/client/dashboard');
  await page.goto(`${portal.url}/client/users`);
  await page.fill('#username', 'meera');
  await page.fill('#email', 'meera@asha-textiles.example');
  await page.selectOption('#role', 'viewer');
  await page.click('text=Send the invitation');
  await page.waitForSelector('tr[data-user=meera]');
  await assertGood(page, 'people with an invitation');

  const link = linkIn(await sink.take('meera@asha-textiles.example', 'Asha Textiles'));
  const theirs = await fresh();
  await theirs.goto(link);
  await assertGood(theirs, 'welcome');
  await theirs.fill('#new', 'password1234');
  await theirs.fill('#repeat', 'password1234');
  await theirs.click('button[type=submit]');
  assert.match(await theirs.textContent('#problem'), /easily guessed/);
  await assertAccessible(theirs, 'welcome with a problem');
  await theirs.fill('#new', PASSWORD);
  await theirs.fill('#repeat', PASSWORD);
  await theirs.click('button[type=submit]');
  await theirs.waitForURL('**/client/login?said=password');
  await logIn(theirs, 'meera', PASSWORD);
  await theirs.goto(`${portal.url}/client/profile`);
  assert.match(await theirs.textContent('.facts'), /Viewer/);
});

test('a forgotten password is set anew by the link in a mail, once, and old sessions end', async () => {
  const old = await fresh();
  await logIn(old, 'ravi', PASSWORD);
  const page = await fresh();
  await page.goto(`${portal.url}/client/login`);
  await page.click('text=Forgotten your password?');
  await page.fill('#username', 'ravi');
  await page.click('button[type=submit]');
  await page.waitForSelector('.said');
  await assertGood(page, 'mail under way');

  const link = linkIn(await sink.take('ravi@asha-textiles.example', 'works once'));
  assert.ok(link.startsWith(`${portal.url}/`), 'the link is made of server.public_url');
  await page.goto(link);
  await assertGood(page, 'reset');
  await page.fill('#new', NEW_PASSWORD);
  await page.fill('#repeat', NEW_PASSWORD);
  await page.click('button[type=submit]');
  await page.waitForURL('**/client/login?said=password');
  await assertGood(page, 'login after a reset');
  await old.goto(`${portal.url}/client/dashboard`);
  assert.equal(new URL(old.url()).pathname, '/client/login', 'an old session lives');

  await giveName(page, 'ravi', PASSWORD);
  await page.waitForSelector('#problem');
  await logIn(page, 'ravi', NEW_PASSWORD);
  await sink.take('ravi@asha-textiles.example', 'password was changed');

  const again = await page.request.get(link);
  assert.equal(again.status(), 404, 'the link works twice');
  const late = await fresh();
  await late.goto(link);
  await assertGood(late, 'link that is no longer good');
});

test('nobody by that name gets the same answer and no mail', async () => {
  const page = await fresh();
  await page.goto(`${portal.url}/client/forgot`);
  await page.fill('#username', 'nobody');
  await page.click('button[type=submit]');
  await page.waitForSelector('.said');
  assert.deepEqual(sink.mails.filter((mail) => mail.text.includes('/client/reset/')), []);
});

test('the browser had nothing to complain about but what was refused', () => {
  // A dashboard that stays open when its session is ended elsewhere asks for figures and is refused with 401.
  const expected = /status of (401|404|422)/;
  assert.deepEqual(opened.flatMap(({ complaints }) => complaints).filter((line) => !expected.test(line)), []);
  assert.doesNotMatch(portal.log(), /ERROR|[0-9a-f]{64}/, 'an error, or the secret of a link, is in the log');
});
