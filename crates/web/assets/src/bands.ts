// What lies behind the lines: outages in red, unmeasured time hatched, the committed bandwidth dashed.

import type uPlot from 'uplot';
import type { Ink } from './ink';

export interface Band {
  from_ms: number;
  to_ms: number;
  state: 'down' | 'unknown';
  word: string;
  cause: string | null;
}

/** A short outage must still be seen. */
const BAND_PX_MIN = 2;
const HATCH_PX = 7;

export function drawBands(u: uPlot, bands: Band[], colours: Ink): void {
  const { ctx, bbox } = u;
  const ratio = window.devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const band of bands) {
    const left = u.valToPos(band.from_ms / 1000, 'x', true);
    const right = u.valToPos(band.to_ms / 1000, 'x', true);
    const width = Math.max(right - left, BAND_PX_MIN * ratio);
    if (band.state === 'down') {
      ctx.fillStyle = colours.down;
      ctx.fillRect(left, bbox.top, width, bbox.height);
    } else {
      hatch(ctx, left, bbox.top, width, bbox.height, colours.unknown, ratio);
    }
  }
  ctx.restore();
}

function hatch(
  ctx: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: string,
  ratio: number,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * ratio;
  ctx.beginPath();
  // Lines of one lattice for the whole chart, so that neighbouring bands fit together.
  const step = HATCH_PX * ratio;
  const first = Math.floor((left - height) / step) * step;
  for (let x = first; x < left + width; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

export function committedLine(u: uPlot, bps: number, colours: Ink): void {
  const { ctx, bbox } = u;
  const ratio = window.devicePixelRatio || 1;
  const y = Math.round(u.valToPos(bps, 'y', true));
  ctx.save();
  ctx.strokeStyle = colours.committed;
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([6 * ratio, 5 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
