// How the three charts look: their lines, axes and scales.

import uPlot from 'uplot';
import { highest, type Answer } from './answer';
import { drawBands } from './bands';
import { bindings, zoomToSelection } from './gestures';
import type { Ink } from './ink';
import { committedLine, percentileLines, previousLine } from './lines';
import type { View } from './view';
import { type Clock, millisMark, percentMark, rateMark } from './words';

const SYNC = 'link';
export const AXIS_PX = 76;
/** Below this part of the commitment the traffic gets the whole height for itself. */
const COMMITMENT_IN_SIGHT = 0.2;

export const NAMES = ['traffic', 'latency', 'loss'] as const;
export type Name = (typeof NAMES)[number];

/** What a chart is drawn from; it changes while the chart stays. */
export interface Scene {
  view: View;
  answer: Answer;
  /** That of the whole range, whatever part is shown. */
  home: Answer;
  clock: Clock;
}

type Columns = uPlot.AlignedData;

export function columns(name: Name, a: Answer): Columns {
  const t = a.at_ms.map((ms) => ms / 1000);
  const empty = a.at_ms.map(() => null);
  // A step begins where its stretch begins; the points of the other charts stand in the middle of it.
  if (name === 'loss') return [t.map((s) => s - a.step_ms / 2000), a.loss];
  if (name === 'latency') return [t, a.rtt_high, a.rtt_low, a.rtt];
  const spread = [a.download_high, a.download_low, a.upload_high, a.upload_low].map((column) => column ?? empty);
  return [t, ...spread, a.download, a.upload] as Columns;
}

export function axisStyle(colours: Ink): uPlot.Axis {
  return {
    stroke: colours.soft,
    font: `12px ${colours.font}`,
    grid: { stroke: colours.rule, width: 1 },
    ticks: { show: false },
  };
}

function base(scene: Scene, colours: Ink): Omit<uPlot.Options, 'series'> {
  const axis = axisStyle(colours);
  const { view } = scene;
  return {
    width: 600,
    height: 250,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), scene.answer.timezone),
    padding: [10, 8, 0, 0],
    cursor: {
      sync: { key: SYNC },
      y: false,
      points: { size: 7 },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      bind: bindings(view),
    },
    legend: { show: false },
    hooks: {
      drawClear: [
        (u) => drawBands(u, scene.answer.bands, colours),
        (u) => drawBands(u, scene.answer.exclusions, colours),
      ],
      setSelect: [(u) => zoomToSelection(u, view)],
    },
    axes: [
      {
        ...axis,
        space: 64,
        size: 28,
        values: (_u, marks, _axis, _space, apart) => marks.map((s) => scene.clock.mark(s * 1000, apart)),
      },
      { ...axis, size: AXIS_PX },
    ],
    scales: { x: { time: true, range: () => [view.from / 1000, view.to / 1000] } },
  };
}

/** The highest figure of the period before that lies in view. */
function before(scene: Scene, names: ('download' | 'upload' | 'rtt' | 'loss')[]): number {
  const { view, answer } = scene;
  const previous = answer.previous;
  if (!previous) return 0;
  return Math.max(...names.map((name) => highest(previous.at_ms, previous[name], view.from, view.to)));
}

export const LINE = { width: 1.75, spanGaps: false } as const;
const EDGE = { stroke: 'transparent', width: 0, points: { show: false }, spanGaps: false } as const;

/** How high the traffic's chart reaches: over the commitment, unless that lies far above all traffic. */
export function trafficTop(data: number, committed: number): number {
  const sold = data === 0 || data >= committed * COMMITMENT_IN_SIGHT ? committed : 0;
  return Math.max(data, sold) * 1.08 || 1;
}

function traffic(scene: Scene, colours: Ink): uPlot.Options {
  const options = base(scene, colours);
  const committed = scene.answer.committed_bps;
  options.axes![1]!.values = (_u, marks) => marks.map(rateMark);
  const top = (max: number | null) =>
    trafficTop(Math.max(max ?? 0, before(scene, ['download', 'upload'])), committed);
  options.scales!.y = { range: (_u, _min, max) => [0, top(max)] };
  options.hooks!.draw = [
    (u) => {
      const { previous } = scene.answer;
      if (previous) {
        previousLine(u, previous, 'download', colours.download);
        previousLine(u, previous, 'upload', colours.upload);
      }
      committedLine(u, committed, colours);
      percentileLines(u, scene.home.p95, colours);
    },
  ];
  return {
    ...options,
    bands: [
      { series: [1, 2], fill: colours.downloadFill },
      { series: [3, 4], fill: colours.uploadFill },
    ],
    series: [{}, EDGE, EDGE, EDGE, EDGE, { ...LINE, stroke: colours.download }, { ...LINE, stroke: colours.upload }],
  };
}

function latency(scene: Scene, colours: Ink): uPlot.Options {
  const options = base(scene, colours);
  options.axes![1]!.values = (_u, marks) => marks.map(millisMark);
  options.scales!.y = { range: (_u, _min, max) => [0, Math.max(max ?? 0, before(scene, ['rtt'])) * 1.12 || 10_000] };
  options.hooks!.draw = [(u) => scene.answer.previous && previousLine(u, scene.answer.previous, 'rtt', colours.latency)];
  return {
    ...options,
    bands: [{ series: [1, 2], fill: colours.latencyFill }],
    series: [{}, EDGE, EDGE, { ...LINE, stroke: colours.latency }],
  };
}

function loss(scene: Scene, colours: Ink): uPlot.Options {
  const options = base(scene, colours);
  options.axes![1] = { ...options.axes![1], values: (_u, marks) => marks.map(percentMark), space: 28 };
  const top = (max: number | null) => Math.min(100, Math.max(2, Math.max(max ?? 0, before(scene, ['loss'])) * 1.15));
  options.scales!.y = { range: (_u, _min, max) => [0, top(max)] };
  options.hooks!.draw = [(u) => scene.answer.previous && previousLine(u, scene.answer.previous, 'loss', colours.loss)];
  const line = {
    stroke: colours.loss,
    fill: colours.lossFill,
    width: 1.5,
    paths: uPlot.paths.stepped!({ align: 1 }),
    points: { show: false },
    spanGaps: false,
  };
  return { ...options, series: [{}, line] };
}

export function options(name: Name, scene: Scene, colours: Ink): uPlot.Options {
  return { traffic, latency, loss }[name](scene, colours);
}
