// What the server says of a stretch of time, and the questions that the charts ask of it.

type Column = (number | null)[];

export interface Band {
  from_ms: number;
  to_ms: number;
  kind: 'down' | 'unknown' | 'outside' | 'excluded';
  word: string;
  cause?: string;
}

export interface Percentile {
  from_ms: number;
  to_ms: number;
  download: number | null;
  upload: number | null;
}

export interface Previous {
  shift_ms: number;
  at_ms: number[];
  download: Column;
  upload: Column;
  rtt: Column;
  loss: Column;
}

export interface Answer {
  from_ms: number;
  to_ms: number;
  now_ms: number;
  step_ms: number;
  limits_ms: number[];
  committed_bps: number;
  timezone: string;
  at_ms: number[];
  download: Column;
  upload: Column;
  rtt: Column;
  rtt_low: Column;
  rtt_high: Column;
  loss: Column;
  // Only where a point is more than a single measurement.
  download_low?: Column;
  download_high?: Column;
  upload_low?: Column;
  upload_high?: Column;
  rtt_p95?: Column;
  p95: Percentile[];
  bands: Band[];
  exclusions: Band[];
  previous: Previous | null;
}

/** The place of the time nearest to `at` in a rising column. */
export function nearest(times: number[], at: number): number {
  let low = 0;
  let high = times.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= at) low = middle;
    else high = middle;
  }
  return high >= 0 && Math.abs(times[high]! - at) < Math.abs(times[low]! - at) ? high : low;
}

/** The highest figure of a column between two times. */
export function highest(times: number[], column: Column, from: number, to: number): number {
  let top = 0;
  for (let i = 0; i < times.length; i++) {
    if (times[i]! >= from && times[i]! <= to) top = Math.max(top, column[i] ?? 0);
  }
  return top;
}

/** How coarse the points of a stretch are: 0 single measurements, 1 hours, 2 days. */
function level(answer: Answer, length_ms: number): number {
  return answer.limits_ms.filter((limit) => length_ms > limit).length;
}

/** What to ask for so that a view is drawn well; nothing if the answer at hand does. */
export function wanted(answer: Answer, from: number, to: number): { from: number; to: number } | undefined {
  const length = to - from;
  const have = answer.to_ms - answer.from_ms;
  const inside = from >= answer.from_ms && to <= answer.to_ms;
  const finer =
    level(answer, length) < level(answer, have) || (answer.step_ms > 0 && level(answer, have) === 0 && length < have / 2);
  if (inside && !finer) return undefined;
  // Some more on both sides, so that a small move needs nothing, unless that would make the points coarser.
  const more = level(answer, length * 1.5) === level(answer, length) ? length / 4 : 0;
  return { from: Math.max(0, Math.floor(from - more)), to: Math.ceil(Math.min(to + more, answer.now_ms)) };
}
