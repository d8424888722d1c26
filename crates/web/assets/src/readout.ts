// The one legend of all charts: what was at the cursor, or the whole range while there is none.

import { nearest, type Answer, type Band } from './answer';
import type { Clock } from './words';
import { millis, percent, rateText } from './words';

const NONE = '–';
const HOUR_MS = 3_600_000;

type Words = Record<string, string>;
type Value = number | null | undefined;

const say = (value: Value, words: (value: number) => string): string => (value == null ? NONE : words(value));

function range(low: Value, high: Value, words: (value: number) => string): string {
  return low == null || high == null || low === high ? '' : `${words(low)} to ${words(high)}`;
}

/** What was so at a moment: outages and the like. */
function standing(bands: Band[], at: number): string {
  const here = bands.filter((band) => band.from_ms <= at && at < band.to_ms);
  return here.map(({ word, cause }) => (cause ? `${word}: ${cause}` : word)).join(', ');
}

/** The figures of the point at place `i`. */
export function wordsAt(a: Answer, i: number, clock: Clock): Words {
  const at = a.at_ms[i]!;
  const stretch = Math.floor(at / a.step_ms) * a.step_ms;
  const time = a.step_ms > 0 ? clock.stretch(stretch, stretch + a.step_ms) : clock.moment(at, true);
  const rates = (name: 'download' | 'upload'): Words => ({
    [name]: say(a[name][i], rateText),
    [`${name}-more`]: range(a[`${name}_low`]?.[i], a[`${name}_high`]?.[i], rateText),
  });
  const within = a.rtt_p95?.[i];
  const words: Words = {
    time,
    note: standing([...a.bands, ...a.exclusions], at) || (empty(a, i) ? 'not measured' : ''),
    ...rates('download'),
    ...rates('upload'),
    latency: say(a.rtt[i], millis),
    'latency-more':
      range(a.rtt_low[i], a.rtt_high[i], millis) + (within == null ? '' : `, 95 % within ${millis(within)}`),
    loss: say(a.loss[i], percent),
    'loss-more': '',
  };
  return a.previous ? withPrevious(words, a, at) : words;
}

function empty(a: Answer, i: number): boolean {
  return a.download[i] == null && a.upload[i] == null && a.loss[i] == null;
}

function withPrevious(words: Words, a: Answer, at: number): Words {
  const previous = a.previous!;
  const i = nearest(previous.at_ms, at);
  const near = previous.at_ms[i];
  const close = near !== undefined && Math.abs(near - at) <= Math.max(a.step_ms, HOUR_MS / 4);
  const told = (value: Value, say: (value: number) => string) => `before: ${close && value != null ? say(value) : NONE}`;
  return {
    ...words,
    'download-more': told(previous.download[i], rateText),
    'upload-more': told(previous.upload[i], rateText),
    'latency-more': told(previous.rtt[i], millis),
    'loss-more': told(previous.loss[i], percent),
  };
}

/** The same as a sentence, for those who hear the charts. */
export function spoken(words: Words): string {
  const { time, note, download, upload, latency, loss } = words;
  const figures = `download ${download}, upload ${upload}, latency ${latency}, loss ${loss}`;
  return `${time}: ${note ? `${note}; ` : ''}${figures}`;
}

function places(root: ParentNode): [string, HTMLElement][] {
  return [...root.querySelectorAll<HTMLElement>('[data-read]')].map((place) => [place.dataset.read!, place]);
}

/** What a legend says. */
export function words(root: ParentNode): Words {
  return Object.fromEntries(places(root).map(([name, place]) => [name, place.textContent ?? '']));
}

export class Readout {
  private readonly places: [string, HTMLElement][];
  private idle: Words;
  private busy = false;

  constructor(root: HTMLElement) {
    this.places = places(root);
    this.idle = words(root);
  }

  /** The server's words for the whole range, when they have changed. */
  setIdle(idle: Words): void {
    this.idle = idle;
    if (!this.busy) this.write(idle);
  }

  show(words: Words | undefined): void {
    this.busy = words !== undefined;
    this.write(words ?? this.idle);
  }

  private write(words: Words): void {
    for (const [name, place] of this.places) {
      const text = words[name] ?? '';
      if (place.textContent !== text) place.textContent = text;
    }
  }
}
