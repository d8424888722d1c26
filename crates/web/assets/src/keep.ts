// Keeps what a person saw last on the dashboard, for times without a connection: on this device, for as long as the
// session can last, and for nobody else. The log-in pages forget everything.

const KEY = 'leaseline-last';
const LINKS_MAX = 100;

export interface Kept {
  user: string;
  /** By the clock of this device. */
  saved_ms: number;
  forget_ms: number;
  /** As the page said it, in the company's zone. */
  when: string;
  zone: string;
  headline: string;
  found: string;
  stats: { kind: string; name: string; figure: string; about: string }[];
  links: { name: string; circuit: string; state: string; lasted: string }[];
}

const { user, worker, forgetInMs } = document.body.dataset;
const forgetAt = Date.now() + Number(forgetInMs ?? 0);

function words(root: ParentNode, selector: string): string {
  return (root.querySelector(selector)?.textContent ?? '').replace(/\s+/g, ' ').trim();
}

/** A browser may refuse its storage; then nothing is kept. */
function quietly<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch {
    return undefined;
  }
}

export function load(): Kept | undefined {
  const kept = quietly(() => JSON.parse(localStorage.getItem(KEY) ?? 'null') as Kept | null);
  if (kept && kept.forget_ms > Date.now()) return kept;
  drop();
  return undefined;
}

function drop(): void {
  quietly(() => localStorage.removeItem(KEY));
}

/** All that this device keeps of the portal. */
export function forget(): void {
  drop();
  if ('caches' in window) {
    void caches.keys().then((names) => names.forEach((name) => name.startsWith('leaseline') && void caches.delete(name)));
  }
  if ('serviceWorker' in navigator) {
    void navigator.serviceWorker.getRegistrations().then((all) => all.forEach((one) => void one.unregister()));
  }
}

function remember(): void {
  const live = document.getElementById('live');
  const stats = document.getElementById('board-stats');
  if (!user || !live || !stats) return;
  // Somebody else has logged in in another tab, and this one was refreshed with their figures.
  if (live.dataset.user !== user) return drop();
  const kept: Kept = {
    user,
    saved_ms: Date.now(),
    forget_ms: forgetAt,
    when: words(live, '.updated time'),
    zone: words(document, '.foot p'),
    headline: words(live, 'h1'),
    found: words(document, '#board-found'),
    stats: [...stats.querySelectorAll('.stat')].map((stat) => ({
      kind: stat.className,
      name: words(stat, 'dt'),
      figure: (stat.querySelector('dd')?.firstChild?.textContent ?? '').trim(),
      about: words(stat, 'dd .sub'),
    })),
    links: [...document.querySelectorAll<HTMLElement>('[data-link]')].slice(0, LINKS_MAX).map((link) => ({
      name: link.dataset.name ?? '',
      circuit: link.dataset.link ?? '',
      state: link.dataset.state ?? '',
      lasted: words(link, '.card-state, .cell-state .sub'),
    })),
  };
  quietly(() => localStorage.setItem(KEY, JSON.stringify(kept)));
}

export function startKeeping(): void {
  if (document.body.classList.contains('door')) return forget();
  if (!user) return;
  if (load()?.user !== user) drop();
  remember();
  document.addEventListener('leaseline:refreshed', remember);
  if (!worker || !('serviceWorker' in navigator)) return;
  const register = () => void navigator.serviceWorker.register(worker).catch(() => undefined);
  if (document.readyState === 'complete') register();
  else window.addEventListener('load', register, { once: true });
}
