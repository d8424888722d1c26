// Hears from the server that something changed. Where that does not work the page goes on asking by itself.

/** When the server wants no stream just now, it is tried again after this. */
const AGAIN_MS = 60_000;

interface Listener {
  changed: () => void;
  /** Whether the server tells of changes at the moment. */
  alive: (alive: boolean) => void;
}

/** Listens while the page is in sight: a browser has only a few connections to a host. */
export function listen(address: string | undefined, { changed, alive }: Listener): void {
  if (!address || !('EventSource' in window)) return;
  let source: EventSource | undefined;
  let timer = 0;
  const close = () => {
    window.clearTimeout(timer);
    source?.close();
    source = undefined;
    alive(false);
  };
  const open = () => {
    close();
    const opened = new EventSource(address);
    source = opened;
    // What happened between the page and its stream, or between two streams, is asked for once.
    opened.addEventListener('ready', () => {
      alive(true);
      changed();
    });
    opened.addEventListener('changed', changed);
    opened.addEventListener('error', () => {
      alive(false);
      // The browser tries again by itself unless it was refused.
      if (opened.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN_MS);
    });
  };
  if (!document.hidden) open();
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  window.addEventListener('pagehide', close);
  window.addEventListener('pageshow', (event) => event.persisted && open());
}
