// What lies behind the lines: outages in red, unmeasured time hatched, excluded time dotted, time without a contract grey.

import type uPlot from 'uplot';
import type { Band } from './answer';
import type { Ink } from './ink';

/** A short outage must still be seen. */
const BAND_PX_MIN = 2;
const HATCH_PX = 7;
/** Narrower bands are painted plainly: lines or dots would not be seen. */
const PATTERN_PX_MIN = 5;

export function ratio(): number {
  return window.devicePixelRatio || 1;
}

/** Paints inside the chart's frame only. */
export function clipped(u: uPlot, paint: (ctx: CanvasRenderingContext2D) => void): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint(ctx);
  ctx.restore();
}

export function drawBands(u: uPlot, bands: Band[], colours: Ink): void {
  const { top, height } = u.bbox;
  clipped(u, (ctx) => {
    for (const band of bands) {
      const left = u.valToPos(band.from_ms / 1000, 'x', true);
      const right = u.valToPos(band.to_ms / 1000, 'x', true);
      const width = Math.max(right - left, BAND_PX_MIN * ratio());
      if (right < u.bbox.left || left > u.bbox.left + u.bbox.width) continue;
      const patterned = width >= PATTERN_PX_MIN * ratio();
      ctx.fillStyle = colours[band.kind];
      if (band.kind === 'unknown' && patterned) hatch(ctx, left, top, width, height, colours.unknown);
      else if (band.kind === 'excluded' && patterned) dots(ctx, left, top, width, height);
      else ctx.fillRect(left, top, width, height);
      if (band.kind === 'down') {
        // An edge, for those who do not tell the colours apart.
        ctx.fillStyle = colours.downEdge;
        ctx.fillRect(left, top, width, 3 * ratio());
      }
    }
  });
}

function hatch(ctx: CanvasRenderingContext2D, left: number, top: number, width: number, height: number, colour: string): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * ratio();
  ctx.beginPath();
  // Lines of one lattice for the whole chart, so that neighbouring bands fit together.
  const step = HATCH_PX * ratio();
  const first = Math.floor((left - height) / step) * step;
  for (let x = first; x < left + width; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

function dots(ctx: CanvasRenderingContext2D, left: number, top: number, width: number, height: number): void {
  const step = HATCH_PX * ratio();
  const size = 2 * ratio();
  for (let x = Math.ceil(left / step) * step; x < left + width; x += step) {
    for (let y = top + (Math.round(x / step) % 2) * (step / 2); y < top + height; y += step) {
      ctx.fillRect(x, y, size, size);
    }
  }
}
