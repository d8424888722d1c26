// Keeps the page fresh: fetches the part that changes and lets only what is different change in the document, so
// that focus, an open menu and the scroll position stay.

import { listen } from './events';
import { forget } from './keep';
import { morph } from './morph';
import { toast } from './toast';

/** After a failure the next tries come later and later, up to this. */
const RETRY_MS_MAX = 60_000;
const FETCH_TIMEOUT_MS = 15_000;
/** While the server tells of changes, the page asks by itself only so many times more seldom. */
const TOLD_FACTOR = 6;

const refreshMs = Number(document.body.dataset.refreshMs ?? 0);
// The server's clock, told by the page; ours only measures what has passed since.
let serverMs = Number(document.body.dataset.nowMs ?? Date.now());
let receivedAt = performance.now();
let failures = 0;
let timer = 0;
let isTold = false;
/** The question under way; a newer one ends it. */
let asking: AbortController | undefined;

function now(): number {
  return serverMs + (performance.now() - receivedAt);
}

export function ageWords(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 2) return 'just now';
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} m ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

/** Ages grow even while nothing can be fetched. */
function tick(): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-age-at]')) {
    const words = ageWords(now() - Number(element.dataset.ageAt));
    if (element.textContent !== words) element.textContent = words;
  }
}

function states(): Map<string, { state: string; name: string }> {
  const found = new Map<string, { state: string; name: string }>();
  for (const element of document.querySelectorAll<HTMLElement>('[data-link]')) {
    const { link = '', state = '', name = '' } = element.dataset;
    found.set(link, { state, name });
  }
  return found;
}

function title(): string {
  return document.querySelector('#live h1')?.textContent ?? '';
}

function announce(before: ReturnType<typeof states>, headline: string): void {
  const changes: string[] = [];
  for (const [link, { state, name }] of states()) {
    const old = before.get(link);
    if (old && old.state !== state) changes.push(`${name} is ${state === 'unknown' ? 'not measured' : state}`);
  }
  // A link that is not among those shown may have changed as well.
  if (changes.length === 0 && title() !== headline) changes.push(title());
  const announcer = document.getElementById('announcer');
  if (announcer && changes.length > 0) announcer.textContent = `${changes.join('. ')}.`;
}

function connectionLost(lost: boolean): void {
  const note = document.getElementById('connection-lost');
  if (note && !note.hidden && !lost) toast('Connected again: the figures are fresh.');
  if (note) note.hidden = !lost;
  document.body.classList.toggle('is-stale', lost);
}

/** A card that moves to another place is taken out of the document for a moment, and a browser then forgets the focus. */
function keepingFocus(change: () => void): void {
  const focused = document.activeElement;
  change();
  if (focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused) {
    focused.focus({ preventScroll: true });
  }
}

async function refresh(region: HTMLElement, byUser: boolean): Promise<void> {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const response = await fetch(region.dataset.liveSrc ?? '', {
    // A refresh of the page's own does not count as use of the session.
    headers: { 'X-Leaseline-Refresh': byUser ? 'user' : '1' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]),
  });
  if (response.status === 401) {
    // The session has ended: the page itself then leads to the login.
    forget();
    location.reload();
    return;
  }
  if (!response.ok) throw new Error(`status ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  if (fresh.getElementById('live')?.dataset.whose !== region.dataset.whose) {
    // Another tab has begun or ended a view of another client: these figures are not those of this page.
    location.reload();
    return;
  }
  if (signal.aborted) throw new DOMException('a newer question was asked', 'AbortError');
  const told = fresh.querySelector<HTMLElement>('[data-now-ms]')?.dataset.nowMs;
  if (told) {
    serverMs = Number(told);
    receivedAt = performance.now();
  }
  const before = states();
  const headline = title();
  keepingFocus(() => {
    for (const id of [region.id, 'live-tables']) {
      const old = document.getElementById(id);
      const next = fresh.getElementById(id);
      if (old && next) morph(old, next);
    }
  });
  tick();
  announce(before, headline);
}

async function round(region: HTMLElement, byUser = false): Promise<void> {
  try {
    // A hidden tab asks nothing, and so knows nothing of the connection.
    if (!document.hidden) {
      await refresh(region, byUser);
      document.dispatchEvent(new CustomEvent('leaseline:refreshed'));
      failures = 0;
      connectionLost(false);
    }
  } catch (error) {
    // Whoever asked anew goes on from here.
    if (error instanceof DOMException && error.name === 'AbortError') return;
    failures += 1;
    connectionLost(true);
  }
  const every = refreshMs * (isTold && failures === 0 ? TOLD_FACTOR : 1);
  schedule(region, Math.min(every * 2 ** failures, Math.max(RETRY_MS_MAX, every)));
}

function schedule(region: HTMLElement, afterMs: number): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void round(region), afterMs);
}

/** Asks at once because the user wants to, from another address if one is given. */
export function askNow(source?: string): void {
  const region = document.getElementById('live');
  if (!region) return;
  if (source) region.dataset.liveSrc = source;
  void round(region, true);
}

export function start(): void {
  const region = document.getElementById('live');
  window.setInterval(tick, 1000);
  if (!region || !refreshMs) return;
  schedule(region, refreshMs);
  listen(region.dataset.liveEvents, {
    changed: () => void round(region),
    alive: (alive) => {
      if (isTold && !alive) schedule(region, refreshMs);
      isTold = alive;
    },
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) schedule(region, 0);
  });
  window.addEventListener('online', () => schedule(region, 0));
}
