// Answers with the offline page where the portal cannot be reached. Kept are that page and what it is drawn with, never
// a customer's page: what a person saw last is `keep.ts`'s.

const PAGE = '/client/offline';
/** One per build and look: the address of this script names them. */
const CACHE = `leaseline${self.location.search}`;

interface Waiting extends Event {
  waitUntil(done: Promise<unknown>): void;
}

interface Fetching extends Waiting {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

/** What a worker has and a window has not. */
interface Scope {
  addEventListener(type: 'install' | 'activate', listener: (event: Waiting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}

const scope = self as unknown as Scope;

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  const answer = await fetch(PAGE, { cache: 'reload' });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const text = await answer.clone().text();
  await cache.put(PAGE, answer);
  const parts = [...text.matchAll(/(?:href|src)="(\/(?:assets|client\/brand)[^"]+)"/g)].map(([, address]) => address!);
  await cache.addAll([...new Set(parts)]);
  await scope.skipWaiting();
}

async function tidy(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith('leaseline') && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(PAGE);
    if (kept) return kept;
    throw error;
  }
}

/** These are named by their content: what is kept is what is asked for. */
async function part(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

scope.addEventListener('install', (event) => event.waitUntil(keep()));
scope.addEventListener('activate', (event) => event.waitUntil(tidy()));
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (/^\/(assets\/|client\/brand)/.test(pathname)) event.respondWith(part(request));
});
