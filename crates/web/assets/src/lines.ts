// Lines over the charts that are no series of their own: what was sold, percentiles, the period before.

import type uPlot from 'uplot';
import type { Percentile, Previous } from './answer';
import { clipped, ratio } from './bands';
import type { Ink } from './ink';
import { rateText } from './words';

const LABEL_PX = 11;

/** The committed bandwidth. Where it lies far above all traffic, an arrow at the top says so. */
export function committedLine(u: uPlot, bps: number, colours: Ink, side: 'left' | 'right' = 'right'): void {
  const top = (u.scales.y?.max ?? 0) < bps;
  clipped(u, (ctx) => {
    const y = top ? u.bbox.top + ratio() : Math.round(u.valToPos(bps, 'y', true));
    ctx.strokeStyle = colours.committed;
    ctx.lineWidth = 1.5 * ratio();
    ctx.setLineDash([6 * ratio(), 5 * ratio()]);
    const { left, width } = u.bbox;
    const right = left + width;
    if (!top) across(ctx, left, right, y);
    const place = side === 'left' ? { left } : { right };
    label(u, ctx, `${top ? '↑ ' : ''}committed ${rateText(bps)}`, { ...place, y, colour: colours.soft }, colours);
  });
}

/** The 95th percentiles of both directions. */
export function percentileLines(u: uPlot, percentiles: Percentile[], colours: Ink): void {
  clipped(u, (ctx) => {
    for (const { from_ms, to_ms, ...rates } of percentiles) {
      const left = Math.max(u.valToPos(from_ms / 1000, 'x', true), u.bbox.left);
      const right = u.valToPos(to_ms / 1000, 'x', true);
      for (const way of ['download', 'upload'] as const) {
        const bps = rates[way];
        if (bps == null || right < left) continue;
        const y = Math.round(u.valToPos(bps, 'y', true));
        ctx.strokeStyle = colours[way];
        ctx.lineWidth = 1.25 * ratio();
        ctx.setLineDash([1.5 * ratio(), 3 * ratio()]);
        across(ctx, left, right, y);
        if (percentiles.length === 1) label(u, ctx, `95 % ${rateText(bps)}`, { left, y, colour: colours[way] }, colours);
      }
    }
  });
}

function across(ctx: CanvasRenderingContext2D, left: number, right: number, y: number): void {
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(right, y);
  ctx.stroke();
}

/** A word on a line, on a patch of the paper's colour. */
function label(
  u: uPlot,
  ctx: CanvasRenderingContext2D,
  text: string,
  at: { y: number; colour: string } & ({ left: number } | { right: number }),
  colours: Ink,
): void {
  const pad = 4 * ratio();
  const size = LABEL_PX * ratio();
  ctx.font = `${size}px ${colours.font}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  const width = ctx.measureText(text).width;
  const x = 'left' in at ? at.left + pad : at.right - width - pad;
  // Above the line, or below it where there is no room.
  const middle = at.y + size * (at.y - size * 1.5 < u.bbox.top ? 0.8 : -0.8);
  ctx.globalAlpha = 0.85;
  ctx.fillStyle = colours.panel;
  ctx.fillRect(x - pad / 2, middle - size * 0.62, width + pad, size * 1.24);
  ctx.globalAlpha = 1;
  ctx.fillStyle = at.colour;
  ctx.fillText(text, x, middle);
}

type PreviousColumn = 'download' | 'upload' | 'rtt' | 'loss';

/** A figure of the period before, dashed; its gaps are gaps. */
export function previousLine(u: uPlot, previous: Previous, column: PreviousColumn, colour: string): void {
  clipped(u, (ctx) => {
    ctx.strokeStyle = colour;
    ctx.globalAlpha = 0.75;
    ctx.lineWidth = 1.25 * ratio();
    ctx.setLineDash([5 * ratio(), 3 * ratio()]);
    ctx.beginPath();
    let drawing = false;
    previous.at_ms.forEach((at, i) => {
      const value = previous[column][i];
      if (value == null) {
        drawing = false;
        return;
      }
      const x = u.valToPos(at / 1000, 'x', true);
      const y = u.valToPos(value, 'y', true);
      if (drawing) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
      drawing = true;
    });
    ctx.stroke();
  });
}
