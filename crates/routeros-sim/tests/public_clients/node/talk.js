// Talks to a router with node-routeros and prints what it read as one JSON object.
// Arguments: HOST PORT

'use strict';

const { RouterOSAPI } = require('node-routeros');

const [host, port] = process.argv.slice(2);

function client(password) {
  return new RouterOSAPI({ host, port: Number(port), user: 'admin', password, timeout: 20 });
}

/** The message of the error that `promise` must end with. */
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error.errno || error.message;
  }
  throw new Error('an error was expected');
}

/** The first sections of a continuous command, which is then cancelled. */
function sections(api, words, wanted) {
  return new Promise((resolve, reject) => {
    const packets = [];
    const stream = api.stream(words, (error, packet) => {
      if (error) return reject(error);
      packets.push(packet);
      if (packets.length === wanted) stream.stop().then(() => resolve(packets), reject);
      return undefined;
    });
  });
}

async function main() {
  const wrongPassword = await failure(client('guess').connect());
  const api = client('secret');
  await api.connect();
  const ping = (address) => api.write('/ping', [`=address=${address}`, '=count=3', '=interval=50ms']);
  const ends = [];
  const noted = (name, promise) => promise.then((items) => (ends.push(name), items));
  const result = {
    wrong_password: wrongPassword,
    identity: (await api.write('/system/identity/print'))[0].name,
    interfaces: await api.write('/interface/print'),
    one: await api.write('/interface/print', ['=.proplist=name,rx-byte', '?name=ether2']),
    ping: await api.write('/ping', ['=address=192.0.2.1', '=count=5', '=interval=50ms']),
    traffic: await api.write('/interface/monitor-traffic', ['=interface=ether2,ether1', '=once=']),
    unknown_path: await failure(api.write('/nothing/print')),
    unknown_interface: await failure(api.write('/interface/monitor-traffic', ['=interface=ether9', '=once='])),
    continuous: await sections(api, ['/interface/monitor-traffic', '=interface=ether1', '=interval=50ms'], 2),
  };
  const [first, second, third] = await Promise.all([
    noted('first', ping('192.0.2.1')),
    noted('second', ping('192.0.2.2')),
    noted('third', api.write('/system/identity/print')),
  ]);
  result.concurrent = { items: { first, second, third }, ends };
  console.log(JSON.stringify(result));
  await api.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
