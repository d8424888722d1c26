// Prints Lighthouse's figures of the dashboard and a link's page, logged in, for a telephone and a desk.
// BASE_URL, USERNAME and PASSWORD say where and who; LINK names the page of a link (default: the dashboard's first).
import assert from 'node:assert/strict';
import { launch } from 'chrome-launcher';
import lighthouse, { desktopConfig } from 'lighthouse';

const { BASE_URL, USERNAME, PASSWORD, LINK, CHROMIUM = '/usr/bin/chromium' } = process.env;
const CATEGORIES = ['performance', 'accessibility', 'best-practices'];
/** An audit that scored less is named. */
const GOOD = 0.9;

for (const [name, value] of Object.entries({ BASE_URL, USERNAME, PASSWORD })) assert.ok(value, `${name} is not set`);

const answer = await fetch(`${BASE_URL}/client/login`, {
  method: 'POST',
  body: new URLSearchParams({ username: USERNAME, password: PASSWORD }),
  redirect: 'manual',
});
assert.equal(answer.status, 303, 'the log-in was refused');
const cookie = answer.headers.getSetCookie().map((set) => set.split(';')[0]).join('; ');
const board = await (await fetch(`${BASE_URL}/client/dashboard`, { headers: { cookie } })).text();
const link = LINK ?? board.match(/href="(\/client\/links\/\d+)"/)?.[1];
assert.ok(link, 'the dashboard has no link');

const chrome = await launch({
  chromePath: CHROMIUM,
  chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
});
try {
  for (const [device, config] of [['mobile', undefined], ['desktop', desktopConfig]]) {
    for (const path of ['/client/dashboard', link]) {
      const options = { port: chrome.port, onlyCategories: CATEGORIES, extraHeaders: { Cookie: cookie }, logLevel: 'error' };
      const { lhr } = await lighthouse(`${BASE_URL}${path}`, options, config);
      assert.equal(new URL(lhr.finalDisplayedUrl).pathname, path, 'another page was measured');
      const scores = CATEGORIES.map((name) => `${name} ${Math.round((lhr.categories[name].score ?? 0) * 100)}`);
      process.stdout.write(`${device.padEnd(8)} ${path.padEnd(20)} ${scores.join(', ')}\n`);
      for (const { id, score, displayValue } of Object.values(lhr.audits)) {
        const counts = CATEGORIES.some((name) => lhr.categories[name].auditRefs.some((ref) => ref.id === id && ref.weight > 0));
        if (counts && score !== null && score < GOOD) process.stdout.write(`         ${id}: ${score} ${displayValue ?? ''}\n`);
      }
    }
  }
} finally {
  await chrome.kill();
}
