// The charts of a link's page: traffic, latency, loss over the last 24 hours.

import uPlot from 'uplot';
import { committedLine, drawBands, type Band } from './bands';
import { ink, lossText, millis, rateText, type Ink } from './ink';

interface Answer {
  from_ms: number;
  to_ms: number;
  committed_bps: number;
  timezone: string;
  at_ms: number[];
  download: (number | null)[];
  upload: (number | null)[];
  rtt_min: (number | null)[];
  rtt_avg: (number | null)[];
  rtt_max: (number | null)[];
  loss: (number | null)[];
  bands: Band[];
}

const SYNC = 'link';
const HEIGHT = 250;
const HEIGHT_LOW = 120;
const PHONE_PX = 560;

const section = document.querySelector<HTMLElement>('[data-series]');
const dark = window.matchMedia('(prefers-color-scheme: dark)');
let charts: uPlot[] = [];
let answer: Answer | undefined;

type Columns = uPlot.AlignedData;

function columns(a: Answer): [Columns, Columns, Columns] {
  const t = a.at_ms.map((ms) => ms / 1000);
  return [
    [t, a.download, a.upload],
    [t, a.rtt_max, a.rtt_min, a.rtt_avg],
    [t, a.loss],
  ] as [Columns, Columns, Columns];
}

function clock(a: Answer): (seconds: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: a.timezone, hour: '2-digit', minute: '2-digit' });
  return (seconds) => format.format(seconds * 1000);
}

function base(a: Answer, colours: Ink, low: boolean): Omit<uPlot.Options, 'series'> {
  const time = clock(a);
  const axis = {
    stroke: colours.soft,
    font: `12px ${colours.font}`,
    grid: { stroke: colours.rule, width: 1 },
    ticks: { show: false },
  };
  return {
    width: 600,
    height: low ? HEIGHT_LOW : HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), a.timezone),
    padding: [10, 6, 0, 0],
    cursor: { sync: { key: SYNC }, y: false, points: { size: 7 }, drag: { x: true, y: false } },
    legend: { live: true },
    hooks: {
      drawClear: [(u) => drawBands(u, answer?.bands ?? [], colours)],
    },
    axes: [
      { ...axis, space: 60, size: 28, values: (_u, ticks) => ticks.map(time) },
      { ...axis, size: 72 },
    ],
    scales: { x: { time: true, range: () => [(answer ?? a).from_ms / 1000, (answer ?? a).to_ms / 1000] } },
  };
}

function timeSeries(a: Answer): uPlot.Series {
  const time = clock(a);
  return { label: 'Time', value: (_u, seconds) => (seconds == null ? '–' : time(seconds)) };
}

function traffic(a: Answer, colours: Ink): uPlot.Options {
  const options = base(a, colours, false);
  options.axes![1] = { ...options.axes![1], values: (_u, ticks) => ticks.map(rateText) };
  options.scales!.y = { range: (_u, _min, max) => [0, Math.max(max ?? 0, a.committed_bps) * 1.06 || 1] };
  options.hooks!.draw = [(u) => committedLine(u, a.committed_bps, colours)];
  const value = (_u: uPlot, bps: number | null) => (bps == null ? '–' : rateText(bps));
  return {
    ...options,
    series: [
      timeSeries(a),
      { label: 'Download', stroke: colours.download, fill: colours.downloadFill, width: 1.75, value, spanGaps: false },
      { label: 'Upload', stroke: colours.upload, width: 1.75, value, spanGaps: false },
    ],
  };
}

function latency(a: Answer, colours: Ink): uPlot.Options {
  const options = base(a, colours, false);
  options.axes![1] = { ...options.axes![1], values: (_u, ticks) => ticks.map(millis) };
  options.scales!.y = { range: (_u, _min, max) => [0, (max ?? 0) * 1.15 || 1000] };
  const value = (_u: uPlot, us: number | null) => (us == null ? '–' : millis(us));
  const edge = { stroke: 'transparent', width: 0, value, points: { show: false }, spanGaps: false };
  return {
    ...options,
    bands: [{ series: [1, 2], fill: colours.latencyFill }],
    series: [
      timeSeries(a),
      { ...edge, label: 'Highest' },
      { ...edge, label: 'Lowest' },
      { label: 'Mean', stroke: colours.latency, width: 1.75, value, spanGaps: false },
    ],
  };
}

function loss(a: Answer, colours: Ink): uPlot.Options {
  const options = base(a, colours, true);
  options.axes![1] = { ...options.axes![1], values: (_u, ticks) => ticks.map(lossText), space: 28 };
  options.scales!.y = { range: (_u, _min, max) => [0, Math.max(5, (max ?? 0) * 1.1)] };
  return {
    ...options,
    series: [
      timeSeries(a),
      {
        label: 'Loss',
        stroke: colours.loss,
        fill: colours.lossFill,
        width: 1.5,
        paths: uPlot.paths.stepped!({ align: 1 }),
        points: { show: false },
        value: (_u, pct) => (pct == null ? '–' : lossText(pct)),
        spanGaps: false,
      },
    ],
  };
}

function holders(): HTMLElement[] {
  return ['traffic', 'latency', 'loss'].map((name) => document.getElementById(`chart-${name}`)!);
}

function resize(): void {
  holders().forEach((holder, index) => {
    const width = holder.clientWidth;
    const phone = width < PHONE_PX;
    const height = index === 2 ? HEIGHT_LOW : phone ? HEIGHT - 50 : HEIGHT;
    if (width > 0) charts[index]?.setSize({ width, height });
  });
}

function draw(a: Answer): void {
  for (const chart of charts) chart.destroy();
  const colours = ink();
  const all = [traffic(a, colours), latency(a, colours), loss(a, colours)];
  const data = columns(a);
  charts = holders().map((holder, index) => {
    holder.classList.add('is-drawn');
    const options = all[index]!;
    options.width = Math.max(280, holder.clientWidth);
    return new uPlot(options, data[index], holder);
  });
  resize();
}

async function load(): Promise<void> {
  if (!section) return;
  const response = await fetch(section.dataset.series!, { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const fresh = (await response.json()) as Answer;
  const first = !answer || charts.length === 0;
  answer = fresh;
  section.dataset.points = String(fresh.at_ms.length);
  if (first) {
    draw(fresh);
  } else {
    const data = columns(fresh);
    charts.forEach((chart, index) => chart.setData(data[index]!));
  }
}

function failed(): void {
  // The page's own refresh says that the connection is lost; a first failure leaves the charts' places empty.
  section?.classList.toggle('is-missing', charts.length === 0);
}

if (section) {
  load().catch(failed);
  document.addEventListener('leaseline:refreshed', () => void load().catch(failed));
  dark.addEventListener('change', () => answer && draw(answer));
  new ResizeObserver(resize).observe(section);
}
