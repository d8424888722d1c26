// The charts' colours come from the style sheet, so that light, dark and print have one source.

const TOKENS = {
  soft: '--ink-soft',
  panel: '--panel',
  rule: '--rule',
  download: '--download',
  downloadFill: '--download-fill',
  upload: '--upload',
  uploadFill: '--upload-fill',
  latency: '--latency',
  latencyFill: '--latency-fill',
  loss: '--loss',
  lossFill: '--loss-fill',
  committed: '--committed',
  down: '--band-down',
  downEdge: '--down',
  unknown: '--band-unknown',
  excluded: '--band-excluded',
  outside: '--band-outside',
} as const;

export type Ink = Record<keyof typeof TOKENS | 'font', string>;

export function ink(): Ink {
  const style = getComputedStyle(document.documentElement);
  const colours = Object.entries(TOKENS).map(([name, token]) => [name, style.getPropertyValue(token).trim()]);
  return { ...Object.fromEntries(colours), font: getComputedStyle(document.body).fontFamily } as Ink;
}
