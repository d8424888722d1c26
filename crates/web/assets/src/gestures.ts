// Mouse, touch and keyboard on a chart: drag zooms, Shift and drag moves, two fingers do both, arrows move the cursor.

import type uPlot from 'uplot';
import type { View } from './view';

const PAN_STEP = 0.25;
const ZOOM_STEP = 0.5;
/** A finger that moves less than this has only pointed. */
const TAP_PX = 6;

/** What replaces uPlot's own handling of the mouse. */
export function bindings(view: View): uPlot.Cursor.Bind {
  return {
    mousedown: (u, _target, handler) => (event) => {
      if (event.button === 0 && !event.shiftKey) handler(event);
      else if (event.button === 0) dragAlong(u, event, view);
      return null;
    },
    dblclick: () => () => {
      view.reset();
      return null;
    },
  };
}

/** Zooms to what was marked. */
export function zoomToSelection(u: uPlot, view: View): void {
  const { left, width } = u.select;
  if (width <= 0) return;
  // Every chart hears of the same mark, before any has moved.
  view.set(u.posToVal(left, 'x') * 1000, u.posToVal(left + width, 'x') * 1000);
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function dragAlong(u: uPlot, down: MouseEvent, view: View): void {
  const { from, to, length } = view;
  const width = u.over.clientWidth;
  const move = (event: MouseEvent) => {
    const by = ((down.clientX - event.clientX) / width) * length;
    view.set(from + by, to + by);
  };
  const up = () => {
    document.removeEventListener('mousemove', move);
    document.removeEventListener('mouseup', up);
  };
  document.addEventListener('mousemove', move);
  document.addEventListener('mouseup', up);
}

export function wheel(u: uPlot, view: View): void {
  u.over.addEventListener(
    'wheel',
    (event) => {
      // A plain wheel scrolls the page; a pinch on a touchpad comes as a wheel with Ctrl.
      if (!event.ctrlKey) return;
      event.preventDefault();
      view.zoom(Math.exp(event.deltaY / 200), u.posToVal(event.offsetX, 'x') * 1000);
    },
    { passive: false },
  );
}

/** Puts the cursor of all charts so many pixels from the left. */
export function pointAt(u: uPlot, left: number): void {
  // The third argument, which tells the other charts, is missing from uPlot's types.
  (u.setCursor as (at: object, fire: boolean, tell: boolean) => void)({ left, top: 0 }, true, true);
}

/** One finger points, or moves along what is zoomed; two zoom and move. */
export function touch(u: uPlot, view: View): void {
  const fingers = new Map<number, number>();
  let before: { middle: number; apart: number } | undefined;
  let wandered = 0;
  const grip = () => {
    const xs = [...fingers.values()];
    const [low, high] = [Math.min(...xs), Math.max(...xs)];
    return { middle: (low + high) / 2, apart: high - low };
  };
  const left = (clientX: number) => clientX - u.over.getBoundingClientRect().left;
  const point = (clientX: number) => pointAt(u, left(clientX));
  u.over.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch') return;
    fingers.set(event.pointerId, event.clientX);
    before = grip();
    wandered = 0;
  });
  u.over.addEventListener('pointermove', (event) => {
    if (!before || !fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event.clientX);
    const now = grip();
    const moved = ((before.middle - now.middle) / u.over.clientWidth) * view.length;
    wandered += Math.abs(before.middle - now.middle);
    if (fingers.size > 1) {
      const about = u.posToVal(left(now.middle), 'x') * 1000;
      view.zoom(Math.max(before.apart, 10) / Math.max(now.apart, 10), about);
      view.set(view.from + moved, view.to + moved);
    } else if (!view.isHome && wandered > TAP_PX) {
      view.set(view.from + moved, view.to + moved);
    } else {
      point(event.clientX);
    }
    before = now;
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    u.over.addEventListener(end, (event) => {
      if (!fingers.delete(event.pointerId)) return;
      if (end === 'pointerup' && wandered <= TAP_PX) point(event.clientX);
      before = fingers.size > 0 ? grip() : undefined;
    });
  }
}

/** The keys of a chart that has the focus; `step` moves the cursor by so many points, or to an end. */
export function keys(holder: HTMLElement, view: View, step: (by: number) => void): void {
  holder.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => (event.shiftKey ? view.pan(-PAN_STEP) : step(-1)),
      ArrowRight: () => (event.shiftKey ? view.pan(PAN_STEP) : step(1)),
      PageDown: () => step(-12),
      PageUp: () => step(12),
      Home: () => step(-Infinity),
      End: () => step(Infinity),
      '+': () => view.zoom(ZOOM_STEP),
      '=': () => view.zoom(ZOOM_STEP),
      '-': () => view.zoom(1 / ZOOM_STEP),
      '0': () => view.reset(),
      Escape: () => view.reset(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** The buttons that do the same. */
export function buttons(root: HTMLElement, view: View): void {
  const actions: Record<string, () => void> = {
    in: () => view.zoom(ZOOM_STEP),
    out: () => view.zoom(1 / ZOOM_STEP),
    left: () => view.pan(-PAN_STEP),
    right: () => view.pan(PAN_STEP),
    reset: () => view.reset(),
  };
  for (const button of root.querySelectorAll<HTMLButtonElement>('[data-zoom]')) {
    button.addEventListener('click', () => actions[button.dataset.zoom ?? '']?.());
  }
}
