// What every browser test needs: a browser, a log-in, and what must hold on each page.
// BASE_URL, USERNAME and PASSWORD say where and who.
import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

export const { BASE_URL, USERNAME, PASSWORD, CHROMIUM = '/usr/bin/chromium' } = process.env;
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Far more than any step takes: a busy machine is no failure of the portal. */
export const STEP_MS_MAX = 120_000;
export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export async function launch() {
  for (const [name, value] of Object.entries({ BASE_URL, USERNAME, PASSWORD })) {
    assert.ok(value, `${name} is not set`);
  }
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

/** A page in a context of its own, and the list of what the browser complained about; nothing is expected. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  context.setDefaultTimeout(STEP_MS_MAX);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
  return { page, complaints };
}

export async function logIn(page, { url = BASE_URL, username = USERNAME, password = PASSWORD } = {}) {
  await page.goto(`${url}/client/login`);
  await page.fill('#username', username);
  await page.fill('#password', password);
  await page.click('button[type=submit]');
  await page.waitForURL('**/client/dashboard');
}

/** Clicks what leads to another page, and waits until that one is there as a whole. */
export async function follow(page, selector) {
  const loaded = page.waitForEvent('load');
  await page.click(selector);
  await loaded;
}

export async function assertAccessible(page, what) {
  await page.waitForLoadState();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.html).join(' ')}`);
    assert.deepEqual(found, [], `${what}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

export async function assertNoSidewaysScroll(page, what) {
  for (const width of [360, 390, 768]) {
    await page.setViewportSize({ width, height: 800 });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wider <= 0, `${what} is ${wider} px wider than a screen of ${width} px`);
  }
  await page.setViewportSize(WIDE);
}

/** For each chart, whether anything is painted. */
export function painted(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('.chart canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value !== 0);
    }),
  );
}
