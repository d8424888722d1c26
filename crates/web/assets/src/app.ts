// What every page needs.

import { startAsking } from './ask';
import { startFile } from './file';
import { startFilter } from './filter';
import { startKeeping } from './keep';
import { start } from './live';
import { startOffline } from './offline';
import { startToasts } from './toast';

/** A click elsewhere or Escape closes the menus of the page's head. */
function closeMenus(): void {
  const menus = document.querySelectorAll<HTMLDetailsElement>('.top details');
  document.addEventListener('click', (event) => {
    for (const menu of menus) {
      if (menu.open && event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener('keydown', (event) => {
    const menu = [...menus].find((one) => one.open);
    if (event.key !== 'Escape' || !menu) return;
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
startAsking();
startToasts();
startFile();
