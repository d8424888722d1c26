// Reads the month's statements as a customer would: filters them, opens one, and holds its PDF against the page.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible, assertNoSidewaysScroll, BASE_URL, launch, logIn, open } from './browser.mjs';

let browser;
let page;
let complaints;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leaseline-e2e-'));
  browser = await launch();
  ({ page, complaints } = await open(browser));
  await logIn(page);
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function verdicts() {
  const texts = await page.locator('tbody .pill').allTextContents();
  return [...new Set(texts.map((text) => text.trim()))].sort();
}

test('the statements of all months are listed with their verdicts', async () => {
  await page.click('nav a[href="/client/sla-reports"]');
  await page.waitForURL('**/client/sla-reports');
  assert.ok((await page.locator('tbody tr').count()) > 5, 'statements of past months');
  await assertAccessible(page, 'SLA reports');
  await assertNoSidewaysScroll(page, 'SLA reports');
});

for (const [value, word] of [
  ['breached', /breach/i],
  ['undetermined', /undetermined/i],
  ['met', /met/i],
]) {
  test(`the filter finds months that are ${value}, and only those`, async () => {
    await page.goto(`${BASE_URL}/client/sla-reports`);
    await page.selectOption('#f-verdict', value);
    await page.click('form.filter button[type=submit]');
    await page.waitForURL(`**verdict=${value}**`);
    const words = await verdicts();
    assert.equal(words.length, 1, words.join());
    assert.match(words[0], word);
  });
}

test('a breached month says why, and its PDF holds the figures of the page', async () => {
  await page.goto(`${BASE_URL}/client/sla-reports?verdict=breached`);
  await page.locator('tbody th a').first().click();
  await page.waitForURL(/\/client\/sla-reports\/\d+$/);
  const reason = await page.locator('.reasons li').first().textContent();
  assert.match(reason, /^Uptime \d+\.\d+ % against \d+\.\d+ %: .+ over the .+ allowed/);
  await assertAccessible(page, 'a statement');
  await assertNoSidewaysScroll(page, 'a statement');
  const availability = (await page.locator('tbody td[data-label="Measured"]').first().textContent()).trim();
  // The page shows more places than the paper; both cut and never round.
  const [paper] = availability.match(/^\d+\.\d{3}/);

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('a[href$="statement.pdf"]').first().click(),
  ]);
  const path = join(folder, 'statement.pdf');
  await download.saveAs(path);
  const plain = (text) => text.replace(/\s+/g, ' ');
  const text = plain(execFileSync('pdftotext', [path, '-'], { encoding: 'utf8' }));
  assert.ok(text.includes(`${paper} %`), `${paper} % stands in the PDF: ${text.slice(0, 600)}`);
  assert.ok(text.includes(plain(reason).split(':')[0]), `${reason} stands in the PDF`);
});

test('the calendar leads to the outages of a day', async () => {
  await page.goto(`${BASE_URL}/client/links`);
  await page.locator('tbody th a').first().click();
  await page.waitForURL(/\/client\/links\/\d+$/);
  await assertAccessible(page, 'the link page with its calendar');
});

test('the browser had nothing to complain about', () => {
  assert.deepEqual(complaints, []);
});
