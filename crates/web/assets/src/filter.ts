// Search, state, order and grouping of the dashboard work without a script; with one the page answers while one types.

import { askNow } from './live';

/** Typing is waited for; a choice is not. */
const TYPING_MS = 200;

function query(form: HTMLFormElement): string {
  const chosen = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    const isDefault = form.querySelector<HTMLSelectElement>(`select[name="${name}"]`)?.selectedIndex === 0;
    if (typeof value === 'string' && value.trim() && !isDefault) chosen.set(name, value.trim());
  }
  const text = chosen.toString();
  return text && `?${text}`;
}

export function startFilter(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-live-filter]');
  if (!form) return;
  let timer = 0;
  let shown = query(form);
  const show = () => {
    window.clearTimeout(timer);
    const wanted = query(form);
    if (wanted === shown) return;
    shown = wanted;
    history.replaceState(null, '', `${form.getAttribute('action')}${wanted}`);
    askNow(`${form.dataset.liveFilter}${wanted}`);
  };
  form.classList.add('is-live');
  form.addEventListener('input', (event) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(show, event.target instanceof HTMLInputElement ? TYPING_MS : 0);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    show();
  });
}
