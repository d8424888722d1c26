// A simulated router in a process of its own, which takes orders. ROUTEROS_SIM names the program.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const { ROUTEROS_SIM } = process.env;

export async function startRouter() {
  assert.ok(ROUTEROS_SIM, 'ROUTEROS_SIM is not set');
  const sim = spawn(ROUTEROS_SIM, ['--interfaces', '2', '--served-log', '100000'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => sim.on('exit', resolve));
  const lines = createInterface({ input: sim.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    assert.ok(!done, 'the simulated router has gone');
    return value;
  };
  const { addresses, username, password } = JSON.parse(await line());
  const [address, port] = addresses[0].split(':');
  return {
    address,
    port,
    username,
    password,
    /** Carries out an order and gives the lines of its answer. */
    async order(text) {
      sim.stdin.write(`${text}\n`);
      const answer = [];
      for (;;) {
        const next = await line();
        if (next === 'ok') return answer;
        assert.ok(!next.startsWith('error'), next);
        answer.push(next);
      }
    },
    async stop() {
      sim.stdin.end();
      await gone;
    },
  };
}
