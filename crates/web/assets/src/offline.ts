// The page for times without a connection: what this person saw last, and how long ago that was.

import { type Kept, load } from './keep';
import { ageWords } from './live';

function element<K extends keyof HTMLElementTagNameMap>(name: K, kind: string, text: string): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}

function put(id: string, ...what: (Node | string)[]): void {
  document.getElementById(id)?.replaceChildren(...what);
}

function row(link: Kept['links'][number]): HTMLTableRowElement {
  const made = element('tr', '', '');
  const name = element('th', '', link.name);
  name.scope = 'row';
  name.append(element('span', 'sub mono', link.circuit));
  const state = element('td', 'cell-state', '');
  state.dataset.label = 'State then';
  const pill = document.querySelector<HTMLTemplateElement>(`template[data-state="${CSS.escape(link.state)}"]`);
  if (pill) state.append(pill.content.cloneNode(true));
  state.append(element('span', 'sub', link.lasted));
  made.append(name, state);
  return made;
}

function stat({ kind, name, figure, about }: Kept['stats'][number]): HTMLDivElement {
  const made = element('div', kind, '');
  const shown = element('dd', '', `${figure} `);
  if (about) shown.append(element('span', 'sub', about));
  made.append(element('dt', '', name), shown);
  return made;
}

const LOOK_MS = 10_000;

/** Back to the page that was wanted, once the portal answers: the device may have been connected all the time. */
async function look(): Promise<void> {
  const answers = await fetch('/healthz', { cache: 'no-store' }).then((answer) => answer.ok, () => false);
  if (!answers) return;
  if (location.pathname === '/client/offline') location.replace('/client/dashboard');
  else location.reload();
}

/** Shows what is kept, or that nothing is, and looks again until the portal answers. */
export function startOffline(): void {
  const last = document.getElementById('offline-last');
  if (!last) return;
  window.addEventListener('online', () => void look());
  window.setInterval(() => void look(), LOOK_MS);
  void look();
  const kept = load();
  if (!kept) return;
  put('offline-title', `${kept.headline}, when last seen`);
  put('offline-when', kept.when);
  put('offline-zone', kept.zone);
  put('offline-found', kept.found);
  put('offline-stats', ...kept.stats.map(stat));
  put('offline-links', ...kept.links.map(row));
  const age = () => {
    put('offline-age', ageWords(Date.now() - kept.saved_ms));
    // The session has ended by now: what was seen in it goes.
    if (!load()) location.reload();
  };
  age();
  window.setInterval(age, 1000);
  last.hidden = false;
  document.getElementById('offline-nothing')?.remove();
}
