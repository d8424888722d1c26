// An installation of its own, for tests that change accounts and read mail. LEASELINE names the program.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { LEASELINE } = process.env;
const START_MS_MAX = 60_000;

/**
 * A company with a client, and the portal with mail going to `smtpPort`. `users`: name, role, password. `prepare` is
 * handed `run` and a folder for files before the server starts.
 */
export async function startInstallation(smtpPort, users, { roles = 'web,jobs', prepare = () => {} } = {}) {
  assert.ok(LEASELINE, 'LEASELINE is not set');
  const folder = mkdtempSync(join(tmpdir(), 'leaseline-e2e-'));
  const data = join(folder, 'data');
  const url = `http://127.0.0.1:${await freePort()}`;
  const env = {
    ...process.env,
    LEASELINE_SERVER_LISTEN: new URL(url).host,
    LEASELINE_SERVER_PUBLIC_URL: url,
    LEASELINE_MAIL_SMTP_HOST: '127.0.0.1',
    LEASELINE_MAIL_SMTP_PORT: String(smtpPort),
    LEASELINE_MAIL_SMTP_TLS: 'off',
    LEASELINE_MAIL_FROM: 'portal@deccan.example',
  };
  const run = (...args) => execFileSync(LEASELINE, ['--data', data, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  run('init', '--company', 'Deccan Fibre', '--timezone', 'Asia/Kolkata', '--currency', 'INR');
  run('client', 'add', '--name', 'Asha Textiles');
  for (const { name, role, password } of users) {
    const file = join(folder, `${name}.txt`);
    writeFileSync(file, `${password}\n`);
    const email = `${name}@asha-textiles.example`;
    run('user', 'add', '--client', 'Asha Textiles', '--username', name, '--email', email, '--role', role, '--password-file', file);
  }
  prepare(run, folder);
  const server = spawn(LEASELINE, ['--data', data, 'serve', '--role', roles], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  server.stderr.on('data', (chunk) => (log += chunk));
  const gone = new Promise((resolve) => server.on('exit', resolve));
  const until = Date.now() + START_MS_MAX;
  while (!(await fetch(`${url}/healthz`).then((answer) => answer.ok, () => false))) {
    assert.ok(server.exitCode === null && Date.now() < until, `the portal did not start:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    run,
    log: () => log,
    async stop() {
      server.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}

/** One that was free a moment ago: the public address must be known before the server starts. */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
