// A short word about something that just happened and needs no answer; it goes away by itself, and is read aloud.

const SHOWN_MS = 5_000;

export function toast(words: string): void {
  const place = document.getElementById('toasts');
  if (!place) return;
  const note = document.createElement('p');
  note.className = 'toast';
  note.textContent = words;
  place.replaceChildren(note);
  window.setTimeout(() => note.remove(), SHOWN_MS);
}

/** On the page that shows all parts, a button shows a toast. */
export function startToasts(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-toast]')) {
    button.addEventListener('click', () => toast(button.dataset.toast ?? ''));
  }
}
