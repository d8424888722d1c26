// What every page needs.

import { startFilter } from './filter';
import { startKeeping } from './keep';
import { start } from './live';
import { startOffline } from './offline';

/** A click elsewhere or Escape closes the account menu. */
function closeMenus(): void {
  const menu = document.querySelector<HTMLDetailsElement>('details.menu');
  if (!menu) return;
  document.addEventListener('click', (event) => {
    if (menu.open && event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    menu.open = false;
    menu.querySelector('summary')?.focus();
  });
}

/** The charts' figures stand in a closed table; print shows it. */
function openForPrint(): void {
  window.addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll<HTMLDetailsElement>('main details')) details.open = true;
  });
}

closeMenus();
openForPrint();
start();
startFilter();
startKeeping();
startOffline();
