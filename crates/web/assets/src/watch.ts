// The live view of a link's traffic: started by the reader, stopped when the page is out of sight.

import uPlot from 'uplot';
import { readEvents } from './feed';
import { ink } from './ink';
import { committedLine } from './lines';
import { AXIS_PX, axisStyle, LINE, trafficTop } from './charts';
import { Clock, rateMark, rateText } from './words';

const KEPT_S = 120;
const HEIGHT_PX = 190;
/** Room for a word above the lines. */
const HEADROOM = 1.12;
const NONE = '–';
/** These answers are a sentence for the reader; others are whole pages. */
const REFUSALS = [409, 429];
/** A clock that was set back: what lies further ahead was read before that. */
const AHEAD_S = 5;
const STOPPED = 'The live view is stopped.';

/** One event of the stream; the columns are of one length, `null` is a gap. */
interface News {
  state: string;
  words: string;
  now_ms: number;
  at_ms: number[];
  download: (number | null)[];
  upload: (number | null)[];
}

type Column = (number | null)[];

class Watch {
  private readonly clock: Clock;
  private readonly committed: number;
  private at: number[] = [];
  private download: Column = [];
  private upload: Column = [];
  /** The right edge: the server's time of the last event, seconds. */
  private now = 0;
  private chart: uPlot | undefined;
  private stream: AbortController | undefined;

  constructor(private readonly section: HTMLElement) {
    const { timezone = 'UTC', committedBps = '0' } = section.dataset;
    this.clock = new Clock(timezone);
    this.committed = Number(committedBps);
    this.element('button').addEventListener('click', () => (this.stream ? this.stop(STOPPED) : void this.start()));
    document.addEventListener('visibilitychange', () => {
      if (document.hidden && this.stream) this.stop('The live view stopped while the page was out of sight.', 'paused');
    });
    window.addEventListener('pagehide', () => this.stream && this.stop(STOPPED));
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.chart && this.draw());
    new ResizeObserver(() => this.chart?.setSize(this.size())).observe(section);
    section.hidden = false;
  }

  private element(name: string): HTMLElement {
    return document.getElementById(`watch-${name}`)!;
  }

  private say(state: string, words: string): void {
    this.section.dataset.state = state;
    const place = this.element('state');
    if (place.textContent !== words) place.textContent = words;
  }

  private async start(): Promise<void> {
    const stream = new AbortController();
    this.stream = stream;
    this.element('button').textContent = 'Stop';
    this.say('asking', 'Asking the router …');
    let last = { state: 'lost', words: 'The connection to the portal was lost.' };
    try {
      const response = await fetch(this.section.dataset.events!, {
        headers: { Accept: 'text/event-stream' },
        cache: 'no-store',
        signal: stream.signal,
      });
      if (response.status === 401) return location.reload();
      if (response.ok && response.body) {
        for await (const [name, data] of readEvents(response.body)) {
          if (stream.signal.aborted) return;
          const told = JSON.parse(data) as News;
          if (name === 'ended') last = told;
          else this.take(told);
        }
      } else if (REFUSALS.includes(response.status)) {
        last = { state: 'refused', words: await response.text() };
      } else if (response.status < 500) {
        last = { state: 'refused', words: 'This link cannot be watched.' };
      }
    } catch {
      // What was said last of the connection is said below; a view that was stopped says nothing more.
    }
    if (this.stream === stream) this.stop(last.words, last.state);
  }

  /** Ends the stream; the chart stays as it is. */
  private stop(words: string, state = 'stopped'): void {
    this.stream?.abort();
    this.stream = undefined;
    this.element('button').textContent = 'Go on';
    this.say(state, words);
    this.figures(false);
  }

  private take(news: News): void {
    this.now = Math.max(news.now_ms, ...news.at_ms.slice(-1)) / 1000;
    if ((this.at.at(-1) ?? 0) > this.now + AHEAD_S) {
      for (const column of [this.at, this.download, this.upload]) column.length = 0;
    }
    // After a pause the server tells again what is known already.
    const known = this.at.at(-1) ?? 0;
    news.at_ms.forEach((ms, i) => {
      const s = ms / 1000;
      if (s <= known) return;
      // Seconds that nobody saw are a gap.
      if (this.at.length > 0 && s - this.at.at(-1)! > 3) this.add(s - 1, null, null);
      this.add(s, news.download[i]!, news.upload[i]!);
    });
    const old = this.at.findIndex((s) => s >= this.now - KEPT_S);
    for (const column of [this.at, this.download, this.upload]) column.splice(0, old < 0 ? column.length : old);
    this.say(news.state, news.words);
    this.figures(news.state === 'live');
    this.element('stage').hidden = false;
    if (this.chart) this.chart.setData(this.data());
    else this.draw();
  }

  private add(s: number, download: number | null, upload: number | null): void {
    this.at.push(s);
    this.download.push(download);
    this.upload.push(upload);
  }

  private figures(isLive: boolean): void {
    for (const name of ['download', 'upload'] as const) {
      const bps = this[name].at(-1);
      this.element(name).textContent = isLive && bps != null ? rateText(bps) : NONE;
    }
  }

  private data(): uPlot.AlignedData {
    return [this.at, this.download, this.upload];
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(260, this.element('chart').clientWidth), height: HEIGHT_PX };
  }

  private draw(): void {
    this.chart?.destroy();
    const colours = ink();
    const axis = axisStyle(colours);
    const options: uPlot.Options = {
      ...this.size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), this.section.dataset.timezone!),
      // Half a mark of the time fits beside the last second.
      padding: [10, 28, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      // At the old end, so that it never covers the newest second.
      hooks: { draw: [(u) => committedLine(u, this.committed, colours, 'left')] },
      axes: [
        { ...axis, space: 80, size: 28, values: (_u, marks) => marks.map((s) => this.clock.time(s * 1000, true)) },
        { ...axis, size: AXIS_PX, values: (_u, marks) => marks.map(rateMark) },
      ],
      scales: {
        x: { time: true, range: () => [this.now - KEPT_S, this.now] },
        y: { range: (_u, _min, max) => [0, trafficTop(max ?? 0, this.committed) * HEADROOM] },
      },
      series: [{}, { ...LINE, stroke: colours.download }, { ...LINE, stroke: colours.upload }],
    };
    this.chart = new uPlot(options, this.data(), this.element('chart'));
  }
}

export function startWatch(): void {
  const section = document.getElementById('watch');
  if (section) new Watch(section);
}
