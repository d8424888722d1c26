// A demo of its own, for tests that change what is in it and read its mail. LEASELINE names the program.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { LEASELINE } = process.env;

/**
 * What the demo says of itself when it is ready: its address, who logs in, and the link that goes down and comes back.
 * `now` is where its clock starts, so that no test depends on the date.
 */
export async function startDemo({ smtpPort, now, timezone = 'Asia/Kolkata', months = 13 }) {
  assert.ok(LEASELINE, 'LEASELINE is not set');
  const folder = mkdtempSync(join(tmpdir(), 'leaseline-demo-'));
  const args = ['--data', join(folder, 'demo'), 'demo', '--json', '--listen', '127.0.0.1:0'];
  args.push('--now', now, '--timezone', timezone, '--months', String(months));
  if (smtpPort) args.push('--smtp', `127.0.0.1:${smtpPort}`);
  const demo = spawn(LEASELINE, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  demo.stderr.on('data', (chunk) => (log += chunk));
  const gone = new Promise((resolve) => demo.on('exit', resolve));
  const { value, done } = await createInterface({ input: demo.stdout })[Symbol.asyncIterator]().next();
  assert.ok(!done, `the demo did not start:\n${log}`);
  const { url, logins, watch, now_ms } = JSON.parse(value);
  const aheadMs = now_ms - Date.now();
  return {
    url: url.replace(/\/$/, ''),
    logins,
    watch,
    /** The demo's time, Unix milliseconds. */
    nowMs: () => Date.now() + aheadMs,
    async stop() {
      demo.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}
