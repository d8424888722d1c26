// The whole way of a customer, in one piece: in with a second factor, a link goes down and comes back before their eyes,
// its outage is read, a month's report is found and its PDF held against the page, and a forgotten password is set anew
// by mail. On a demo of its own, since it changes an account.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { follow, launch, open } from './browser.mjs';
import { startDemo } from './demo.mjs';
import { linkIn, startSink } from './smtp-sink.mjs';
import { STEP_MS, totp } from './totp.mjs';

const NEW_PASSWORD = 'lantern copper wolf drift';
/** The demo's link is down for half a minute of each; a busy machine may take its time. */
const CHANGE = { timeout: 180_000 };
const EMAIL = 'it@asha-textiles.example';

let browser;
let sink;
let demo;
let page;
let complaints;
let folder;
let username;
let password;
let secret;
let usedStep;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leaseline-journey-'));
  browser = await launch();
  sink = await startSink();
  demo = await startDemo({ smtpPort: sink.port, now: '2026-11-25T15:00' });
  ({ username, password } = demo.logins[0]);
  ({ page, complaints } = await open(browser));
});

after(async () => {
  await browser?.close();
  await demo?.stop();
  await sink?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** No code is taken twice. */
async function nextCode() {
  while (Math.floor(demo.nowMs() / STEP_MS) <= usedStep) await new Promise((resolve) => setTimeout(resolve, 200));
  usedStep = Math.floor(demo.nowMs() / STEP_MS);
  return totp(secret, demo.nowMs());
}

async function giveName() {
  await page.goto(`${demo.url}/client/login`);
  await page.fill('#username', username);
  await page.fill('#password', password);
  await follow(page, 'button[type=submit]');
}

async function giveCode() {
  assert.equal(new URL(page.url()).pathname, '/client/login/code', 'in without a code');
  await page.fill('#code', await nextCode());
  await follow(page, 'button[type=submit]');
  assert.equal(new URL(page.url()).pathname, '/client/dashboard');
}

const plain = (text) => text.replace(/\s+/g, ' ').trim();
const card = () => `.card[data-link="${demo.watch}"]`;

/** Waits until the card says so by itself: nothing is loaded anew. */
async function until(word) {
  const says = ([selector, word]) => document.querySelector(`${selector} .pill`)?.textContent.trim() === word;
  await page.waitForFunction(says, [card(), word], CHANGE);
}

test('in with a second factor that was switched on before', async () => {
  await giveName();
  await page.goto(`${demo.url}/client/profile/second-factor`);
  await page.fill('#password', password);
  await follow(page, 'text=Switch it on');
  secret = (await page.textContent('.secret')).trim();
  await page.fill('#code', await nextCode());
  await follow(page, 'text=Switch it on');
  await follow(page, 'text=I have kept them');
  await sink.take(EMAIL, 'second factor was switched on');
  await page.click('#user-menu summary');
  await follow(page, '#user-menu button[type=submit]');
  await giveName();
  await giveCode();
});

test('a link goes down and comes back before the eyes of who watches', async () => {
  await page.evaluate(() => (window.sameDocument = true));
  await until('Up');
  await until('Down');
  await until('Up');
  assert.ok(await page.evaluate(() => window.sameDocument), 'the page was loaded anew');
});

test('the outage stands on the page of the link, with its cause and how it is known', async () => {
  await follow(page, `${card()} a`);
  assert.match(page.url(), /\/client\/links\/\d+/);
  const outage = page.locator('section[aria-labelledby="outages-title"] tbody tr').first();
  await outage.waitFor();
  const cell = async (label) => plain(await outage.locator(`[data-label="${label}"]`).textContent());
  assert.match(await cell('Duration'), /\d+ (s|m)/);
  assert.match(await cell('Cause'), /link|interface|port/i);
  assert.notEqual(await cell('How we know'), '');
});

test('a report is found, and its PDF holds the figures of the page', async () => {
  await follow(page, 'nav a[href="/client/sla-reports"]');
  await page.selectOption('#f-verdict', 'breached');
  await follow(page, 'form.filter button[type=submit]');
  await follow(page, 'tbody th a');
  const reason = plain(await page.locator('.reasons li').first().textContent());
  const measured = plain(await page.locator('tbody td[data-label="Measured"]').first().textContent());
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a[href$="statement.pdf"]').first().click()]);
  const path = join(folder, 'statement.pdf');
  await download.saveAs(path);
  const text = plain(execFileSync('pdftotext', [path, '-'], { encoding: 'utf8' }));
  // The page shows more places than the paper; both cut and never round.
  assert.ok(text.includes(`${measured.match(/^\d+\.\d{3}/)[0]} %`), `${measured} in the PDF: ${text.slice(0, 600)}`);
  assert.ok(text.includes(reason.split(':')[0]), `${reason} in the PDF`);
});

test('a forgotten password is set anew by a link that really came by mail', async () => {
  await page.click('#user-menu summary');
  await follow(page, '#user-menu button[type=submit]');
  await follow(page, 'text=Forgotten your password?');
  await page.fill('#username', username);
  await follow(page, 'button[type=submit]');
  const link = linkIn(await sink.take(EMAIL, 'works once'));
  await page.goto(link);
  await page.fill('#new', NEW_PASSWORD);
  await page.fill('#repeat', NEW_PASSWORD);
  await follow(page, 'button[type=submit]');
  password = NEW_PASSWORD;
  await giveName();
  await giveCode();
});

test('the browser had nothing to complain about', () => {
  assert.deepEqual(complaints, []);
});
