// A mail server that keeps what it is given, and lets a test wait for a mail.
import { SMTPServer } from 'smtp-server';

const WAIT_MS_MAX = 30_000;

export async function startSink() {
  const mails = [];
  let arrived = () => {};
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map((recipient) => recipient.address);
        mails.push({ to, text: plain(Buffer.concat(chunks).toString('latin1')) });
        done();
        arrived();
      });
    },
  });
  await new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: server.server.address().port,
    mails,
    stop: () => new Promise((resolve) => server.close(resolve)),
    /** The first mail to that address with these words that was not handed out before. */
    async take(address, words) {
      const until = Date.now() + WAIT_MS_MAX;
      for (;;) {
        const index = mails.findIndex((mail) => mail.to.includes(address) && mail.text.includes(words));
        if (index >= 0) return mails.splice(index, 1)[0];
        const left = until - Date.now();
        if (left <= 0) throw new Error(`no mail to ${address} with "${words}"; there are ${JSON.stringify(mails)}`);
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, left);
          arrived = () => (clearTimeout(timer), resolve());
        });
      }
    },
  };
}

/** Undoes quoted-printable. */
function plain(text) {
  const bytes = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The link of a mail that sets a password. */
export function linkIn(mail) {
  return /https?:\/\/\S+\/client\/reset\/[0-9a-f]{64}/.exec(mail.text)[0];
}
