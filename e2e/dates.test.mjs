// The demo keeps its promises whatever the date: the first customer finds a breach, an undetermined month, excluded
// maintenance, a flapping link and an upgrade of terms on the days on which calendars go wrong.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { follow, launch, logIn, open } from './browser.mjs';
import { startDemo } from './demo.mjs';

const STARTS = [
  { what: 'ten minutes into a month', now: '2026-12-01T00:10' },
  { what: 'the last day of a year', now: '2026-12-31T23:00' },
  { what: 'the last of 28 days', now: '2027-02-28T23:50' },
  { what: 'a leap day', now: '2028-02-29T09:00' },
  { what: 'a night with a change of clocks', now: '2027-03-28T01:59:30', timezone: 'Europe/Berlin' },
];

let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

const texts = async (page, selector) => (await page.locator(selector).allTextContents()).map((text) => text.replace(/\s+/g, ' ').trim());

/** The customer's reports with one verdict. */
async function reports(page, demo, verdict, word) {
  await page.goto(`${demo.url}/client/sla-reports?verdict=${verdict}`);
  const verdicts = new Set(await texts(page, 'tbody .pill'));
  assert.equal(verdicts.size, 1, `${verdict}: ${[...verdicts].join()}`);
  assert.match([...verdicts][0], word);
}

for (const { what, ...start } of STARTS) {
  test(`the demo keeps its promises on ${what}: ${start.now}`, async () => {
    const demo = await startDemo({ ...start, months: 3 });
    try {
      const { page, complaints } = await open(browser);
      await logIn(page, { url: demo.url, ...demo.logins[0] });
      const states = await texts(page, '.card[data-link] .pill');
      assert.ok(states.length >= 4 && states.every((state) => /^(Up|Down|Unknown)$/.test(state)), states.join());

      await reports(page, demo, 'met', /^met$/i);
      await reports(page, demo, 'undetermined', /^undetermined$/i);
      await reports(page, demo, 'breached', /^breach/i);
      await follow(page, 'tbody th a');
      assert.match((await texts(page, '.reasons li'))[0], /^Uptime \d+\.\d+ % against \d+\.\d+ %: .+ over the .+ allowed/);
      const maintained = await report(page, demo, 'MN-MAA-0207', 'section[aria-labelledby="exclusions-title"] tbody tr');
      assert.ok(maintained.some((row) => /planned maintenance/i.test(row)), maintained.join());
      const parts = await report(page, demo, 'MN-BOM-0311', 'section[aria-labelledby="parts-title"] tbody tr');
      assert.equal(parts.length, 2, 'an upgrade of terms');
      const outages = await report(page, demo, 'MN-BLR-0102', 'section[aria-labelledby="outages-title"] tbody tr');
      assert.ok(outages.length >= 8, 'a flapping link');
      assert.deepEqual(complaints, []);
      await page.context().close();
    } finally {
      await demo.stop();
    }
  });
}

/** The rows of the first report of the circuit that has some, the newest month first. */
async function report(page, demo, circuit, selector) {
  await page.goto(`${demo.url}/client/sla-reports`);
  const links = page.locator('tbody tr').filter({ hasText: circuit }).locator('th a');
  for (const path of await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))) {
    await page.goto(demo.url + path);
    const rows = await texts(page, selector);
    if (rows.length > 0) return rows;
  }
  return [];
}
