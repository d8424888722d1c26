// The charts of a link's page: loads their figures, lets them be zoomed and moved, and keeps them fresh.

import uPlot from 'uplot';
import { nearest, wanted, type Answer } from './answer';
import { columns, NAMES, options, type Name, type Scene } from './charts';
import { buttons, keys, pointAt, touch, wheel } from './gestures';
import { ink } from './ink';
import { morph } from './morph';
import { Readout, spoken, words, wordsAt } from './readout';
import { View } from './view';
import { startWatch } from './watch';
import { Clock } from './words';

const HEIGHTS: Record<Name, number> = { traffic: 260, latency: 190, loss: 110 };
const PHONE_PX = 560;
const PHONE_LESS_PX = 40;
/** Figures of hours and days change slowly. */
const COARSE_REFRESH_MS = 60_000;
/** A view that moves on is not asked for. */
const SETTLE_MS = 180;
const LABELS: Record<Name, string> = { traffic: 'Traffic', latency: 'Latency', loss: 'Packet loss' };

class LinkCharts {
  private readonly view = new View(() => this.viewChanged());
  private readonly readout: Readout;
  private readonly charts = new Map<Name, uPlot>();
  private scene: Scene | undefined;
  private compare = false;
  private news = '';
  private loadedAt = 0;
  private frame = 0;
  private settle = 0;
  private asking: AbortController | undefined;

  constructor(private readonly section: HTMLElement) {
    this.readout = new Readout(this.element('readout'));
    buttons(section, this.view);
    const compare = this.element('compare');
    compare.addEventListener('click', () => {
      this.compare = !this.compare;
      compare.setAttribute('aria-pressed', String(this.compare));
      section.querySelector<HTMLElement>('.legend-previous')!.hidden = !this.compare;
      void this.reload();
    });
    section.addEventListener('click', (event) => this.openTable(event));
    for (const name of NAMES) {
      this.holder(name).classList.add('skeleton');
      keys(this.holder(name), this.view, (by) => this.step(name, by));
    }
    this.news = this.currentNews();
    document.addEventListener('leaseline:refreshed', () => this.refresh());
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
    new ResizeObserver(() => this.resize()).observe(section);
  }

  private element(id: string): HTMLElement {
    return document.getElementById(id)!;
  }

  private holder(name: Name): HTMLElement {
    return this.element(`chart-${name}`);
  }

  private currentNews(): string {
    return document.getElementById('link-head')?.dataset.news ?? '';
  }

  private async ask(query: string, byUser: boolean, signal?: AbortSignal): Promise<Answer> {
    const [path] = this.section.dataset.series!.split('?');
    const headers = { Accept: 'application/json', 'X-Leaseline-Refresh': byUser ? 'user' : '1' };
    const response = await fetch(`${path}?${query}`, { headers, signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()) as Answer;
  }

  private shift(from: number, to: number): string {
    return this.compare ? `&shift=${to - from}` : '';
  }

  /** The whole range anew. */
  async reload(byUser = true): Promise<void> {
    const query = this.section.dataset.series!.split('?')[1]!;
    try {
      const before = this.scene?.home;
      const home = await this.ask(query + (before ? this.shift(before.from_ms, before.to_ms) : ''), byUser);
      this.loadedAt = performance.now();
      const wasHome = this.view.isHome;
      const first = !this.scene;
      this.scene = this.scene
        ? Object.assign(this.scene, { home, answer: wasHome ? home : this.scene.answer })
        : { view: this.view, home, answer: home, clock: new Clock(home.timezone) };
      this.view.setHome(home.from_ms, home.to_ms, home.now_ms);
      this.section.dataset.points = String(home.at_ms.length);
      if (first) this.draw();
      else if (wasHome) this.setData();
      else void this.look(true, byUser);
    } catch {
      // The page's own refresh says that the connection is lost; a first failure leaves the charts' places empty.
      this.section.classList.toggle('is-missing', !this.scene);
      for (const name of NAMES) this.holder(name).classList.remove('skeleton');
    }
  }

  private refresh(): void {
    const news = this.currentNews();
    const coarse = (this.scene?.home.step_ms ?? 0) > 0;
    const due = !coarse || performance.now() - this.loadedAt > COARSE_REFRESH_MS;
    // A range that the reader has written does not move on.
    if (news === this.news || !due || !this.section.dataset.series!.includes('range=')) return;
    this.news = news;
    void this.reload(false);
    this.refreshFigures().catch(() => undefined);
  }

  /** What the server says of the whole range: the legend without a cursor, and the tables. */
  private async refreshFigures(): Promise<void> {
    const response = await fetch(this.section.dataset.figures!, { headers: { 'X-Leaseline-Refresh': '1' } });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
    for (const id of ['range-told', 'p95-words', 'figures']) {
      const next = fresh.getElementById(id);
      if (next) morph(this.element(id), next);
    }
    this.readout.setIdle(words(fresh));
  }

  private openTable(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#table-"]') : null;
    const details = link && document.querySelector(link.hash)?.closest('details');
    if (details) details.open = true;
  }

  /** Draws everything from the beginning: at first, and when the colours change. */
  private draw(): void {
    if (!this.scene) return;
    const scene = this.scene;
    const colours = ink();
    this.element('chart-tools').hidden = false;
    this.element('chart-help').hidden = false;
    for (const name of NAMES) {
      this.charts.get(name)?.destroy();
      const holder = this.holder(name);
      holder.classList.remove('skeleton');
      holder.classList.add('is-drawn');
      const chart = new uPlot(this.sized(name, options(name, scene, colours)), columns(name, scene.answer), holder);
      chart.hooks.setCursor = [(u) => this.cursorMoved(u)];
      wheel(chart, this.view);
      touch(chart, this.view);
      this.charts.set(name, chart);
      this.describe(holder, name);
    }
    this.viewChanged();
  }

  /** A chart is a slider along the time: screen readers know how to use one. */
  private describe(holder: HTMLElement, name: Name): void {
    const attributes = {
      role: 'slider',
      tabindex: '0',
      'aria-label': `${LABELS[name]} over time`,
      'aria-describedby': 'chart-help',
      'aria-valuemin': '0',
      'aria-valuemax': String(Math.max(0, this.scene!.answer.at_ms.length - 1)),
      'aria-valuenow': '0',
      'aria-valuetext': 'no point chosen',
    };
    for (const [attribute, value] of Object.entries(attributes)) holder.setAttribute(attribute, value);
  }

  private sized(name: Name, chart: uPlot.Options): uPlot.Options {
    const width = Math.max(280, this.holder(name).clientWidth);
    return { ...chart, width, height: HEIGHTS[name] - (width < PHONE_PX && name !== 'loss' ? PHONE_LESS_PX : 0) };
  }

  private resize(): void {
    for (const [name, chart] of this.charts) {
      const { width, height } = this.sized(name, { width: 0, height: 0, series: [] });
      if (width !== chart.width || height !== chart.height) chart.setSize({ width, height });
    }
  }

  private setData(): void {
    if (!this.scene) return;
    for (const [name, chart] of this.charts) chart.setData(columns(name, this.scene.answer), true);
    this.zoomNote();
  }

  private viewChanged(): void {
    if (!this.scene) return;
    window.cancelAnimationFrame(this.frame);
    this.frame = window.requestAnimationFrame(() => {
      const scale = { min: this.view.from / 1000, max: this.view.to / 1000 };
      for (const chart of this.charts.values()) chart.setScale('x', { ...scale });
      this.zoomNote();
    });
    window.clearTimeout(this.settle);
    this.settle = window.setTimeout(() => void this.look(), SETTLE_MS);
  }

  private zoomNote(): void {
    const { clock } = this.scene!;
    const { from, to, isHome } = this.view;
    this.element('zoomed').hidden = isHome;
    if (isHome) return;
    this.element('zoomed-range').textContent = clock.stretch(from, to);
    const link = this.element('zoomed-open') as HTMLAnchorElement;
    link.href = `?from=${Math.floor(from)}&to=${Math.ceil(to)}#charts`;
  }

  /** Gets finer figures for a part of the range, or those beside it. */
  private async look(again = false, byUser = true): Promise<void> {
    const scene = this.scene;
    if (!scene) return;
    const { view, home } = scene;
    const inHome = view.isHome || wanted(home, view.from, view.to) === undefined;
    if (inHome && !again) {
      if (scene.answer !== home) this.use(home);
      return;
    }
    const part = wanted(again ? home : scene.answer, view.from, view.to);
    if (!part) {
      if (again) this.use(home);
      return;
    }
    this.asking?.abort();
    this.asking = new AbortController();
    const query = `from=${part.from}&to=${part.to}&part=true${this.shift(home.from_ms, home.to_ms)}`;
    try {
      this.use(await this.ask(query, byUser, this.asking.signal));
    } catch {
      // What is drawn stays; the next move asks again.
    }
  }

  private use(answer: Answer): void {
    this.scene!.answer = answer;
    this.setData();
  }

  private cursorMoved(u: uPlot): void {
    const { left } = u.cursor;
    const { answer, clock } = this.scene!;
    if (left == null || left < 0 || answer.at_ms.length === 0) {
      this.readout.show(undefined);
      return;
    }
    this.readout.show(wordsAt(answer, nearest(answer.at_ms, u.posToVal(left, 'x') * 1000), clock));
  }

  /** Moves the cursor of all charts by so many points of what is shown. */
  private step(name: Name, by: number): void {
    const chart = this.charts.get(name);
    const { answer, clock, view } = this.scene ?? {};
    if (!chart || !answer || !clock || !view || answer.at_ms.length === 0) return;
    const first = answer.at_ms.findIndex((at) => at >= view.from);
    const last = answer.at_ms.findLastIndex((at) => at <= view.to);
    if (first < 0 || last < first) return;
    const left = chart.cursor.left ?? -1;
    const now = left < 0 ? (by < 0 ? last + 1 : first - 1) : nearest(answer.at_ms, chart.posToVal(left, 'x') * 1000);
    const next = Math.min(Math.max(now + by, first), last);
    pointAt(chart, chart.valToPos(answer.at_ms[next]! / 1000, 'x'));
    const holder = this.holder(name);
    holder.setAttribute('aria-valuemax', String(answer.at_ms.length - 1));
    holder.setAttribute('aria-valuenow', String(next));
    holder.setAttribute('aria-valuetext', spoken(wordsAt(answer, next, clock)));
  }
}

const section = document.querySelector<HTMLElement>('[data-series]');
if (section) void new LinkCharts(section).reload();
startWatch();
