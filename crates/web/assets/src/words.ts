// Figures and times in the words of the pages: a figure reads the same under the cursor and in a table.

const UNITS: [number, string][] = [
  [1e12, 'Tbit/s'],
  [1e9, 'Gbit/s'],
  [1e6, 'Mbit/s'],
  [1e3, 'kbit/s'],
];

/** Three digits, powers of a thousand, truncated as the server does. */
export function rateText(bps: number): string {
  const [unit, name] = UNITS.find(([unit]) => bps >= unit) ?? [1, 'bit/s'];
  if (unit === 1) return `${Math.floor(bps)} bit/s`;
  return `${cut(bps / unit, bps >= unit * 100 ? 0 : bps >= unit * 10 ? 1 : 2)} ${name}`;
}

/** A mark of an axis: round as it is. */
export function rateMark(bps: number): string {
  const [unit, name] = UNITS.find(([unit]) => bps >= unit) ?? [1, 'bit/s'];
  return `${Number((bps / unit).toPrecision(4))} ${name}`;
}

/** Microseconds as milliseconds. */
export function millis(us: number): string {
  return `${cut(us / 1000, us >= 1e5 ? 0 : us >= 1e4 ? 1 : 2)} ms`;
}

export function millisMark(us: number): string {
  return `${Number((us / 1000).toPrecision(4))} ms`;
}

export function percent(pct: number): string {
  return `${Number(cut(pct, 1))} %`;
}

export function percentMark(pct: number): string {
  return `${Number(pct.toPrecision(3))} %`;
}

function cut(value: number, places: number): string {
  // A hair more, or 1.15 would become 1.14.
  return (Math.floor(value * 10 ** places + 1e-6) / 10 ** places).toFixed(places);
}

/** Times by the clock of a zone, written as the server writes them. */
export class Clock {
  private readonly format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    const options: Intl.DateTimeFormatOptions = {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    };
    try {
      this.format = new Intl.DateTimeFormat('en-US', options);
    } catch {
      // A zone that this browser does not know.
      this.format = new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' });
    }
  }

  private parts(ms: number): Record<string, string> {
    return Object.fromEntries(this.format.formatToParts(ms).map(({ type, value }) => [type, value]));
  }

  /** `14:03`, or `14:03:27` if the seconds matter. */
  time(ms: number, seconds = false): string {
    const { hour, minute, second } = this.parts(ms);
    return seconds ? `${hour}:${minute}:${second}` : `${hour}:${minute}`;
  }

  /** `23 Nov` */
  day(ms: number): string {
    const { day, month } = this.parts(ms);
    return `${day} ${month}`;
  }

  /** `Nov 2026` */
  month(ms: number): string {
    const { month, year } = this.parts(ms);
    return `${month} ${year}`;
  }

  /** `23 Nov 14:03` */
  moment(ms: number, seconds = false): string {
    return `${this.day(ms)} ${this.time(ms, seconds)}`;
  }

  /** `23 Nov 14:00 to 15:00` */
  stretch(from: number, to: number): string {
    return `${this.moment(from)} to ${this.day(from) === this.day(to) ? this.time(to) : this.moment(to)}`;
  }

  /** A mark of an axis whose marks are so many seconds apart. */
  mark(ms: number, apart: number): string {
    if (apart >= 27 * 86_400) return this.month(ms);
    const time = this.time(ms, apart < 60);
    return apart >= 86_400 || time === '00:00' ? this.day(ms) : time;
  }
}
