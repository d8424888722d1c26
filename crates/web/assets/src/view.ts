// Which part of the time the charts show: the same for all of them.

const MINUTE_MS = 60_000;
/** The shortest view … */
const LENGTH_MS_MIN = 5 * MINUTE_MS;
/** … and the longest, as the server has it. */
const LENGTH_MS_MAX = 400 * 24 * 60 * MINUTE_MS;

export class View {
  from = 0;
  to = 0;
  private home = { from: 0, to: 0 };
  private end = 0;

  constructor(private readonly changed: () => void) {}

  get length(): number {
    return this.to - this.from;
  }

  get isHome(): boolean {
    return this.from === this.home.from && this.to === this.home.to;
  }

  /** The range of the page; whoever looks at all of it sees the new one. */
  setHome(from: number, to: number, now: number): void {
    const follow = this.isHome;
    this.home = { from, to };
    this.end = Math.max(to, now);
    if (follow) this.reset();
  }

  reset(): void {
    this.from = this.home.from;
    this.to = this.home.to;
    this.changed();
  }

  set(from: number, to: number): void {
    const length = Math.min(Math.max(to - from, LENGTH_MS_MIN), LENGTH_MS_MAX);
    const middle = (from + to) / 2;
    this.to = Math.min(middle + length / 2, this.end);
    this.from = this.to - length;
    this.changed();
  }

  /** Moves by a part of what is shown. */
  pan(part: number): void {
    this.set(this.from + part * this.length, this.to + part * this.length);
  }

  /** Makes the shown time `factor` times as long; the moment `about` stays where it is. */
  zoom(factor: number, about = (this.from + this.to) / 2): void {
    const length = Math.min(Math.max(this.length * factor, LENGTH_MS_MIN), LENGTH_MS_MAX);
    const left = (about - this.from) / this.length;
    this.set(about - left * length, about + (1 - left) * length);
  }
}
