// The charts' colours come from the style sheet, so that light, dark and print have one source.

export interface Ink {
  font: string;
  soft: string;
  rule: string;
  download: string;
  downloadFill: string;
  upload: string;
  latency: string;
  latencyFill: string;
  loss: string;
  lossFill: string;
  committed: string;
  down: string;
  unknown: string;
}

export function ink(): Ink {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    font: getComputedStyle(document.body).fontFamily,
    soft: token('--ink-soft'),
    rule: token('--rule'),
    download: token('--download'),
    downloadFill: token('--download-fill'),
    upload: token('--upload'),
    latency: token('--latency'),
    latencyFill: token('--latency-fill'),
    loss: token('--loss'),
    lossFill: token('--loss-fill'),
    committed: token('--committed'),
    down: token('--band-down'),
    unknown: token('--band-unknown'),
  };
}

/** Bits per second, three digits, powers of a thousand, as the pages print them. */
export function rateText(bps: number): string {
  const units: [number, string][] = [
    [1e12, 'Tbit/s'],
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1e3, 'kbit/s'],
  ];
  for (const [unit, name] of units) {
    if (bps >= unit) return `${Number((bps / unit).toPrecision(3))} ${name}`;
  }
  return `${Math.round(bps)} bit/s`;
}

/** Microseconds as milliseconds. */
export function millis(us: number): string {
  return `${Number((us / 1000).toPrecision(3))} ms`;
}

export function lossText(pct: number): string {
  return `${Number(pct.toPrecision(3))} %`;
}
