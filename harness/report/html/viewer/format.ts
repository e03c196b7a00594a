import type { Quantity } from '../../../model/finding.ts';
import { formatMs } from '../../../model/time.ts';

/** A moment on the run's axis: `+2.25 s`. */
export function at(atMs: number): string {
  const seconds = atMs / 1000;
  return `${seconds < 0 ? '−' : '+'}${Math.abs(seconds).toFixed(2)} s`;
}

/** Whole or halved seconds for an axis label. */
export function tick(atMs: number): string {
  const seconds = Number((atMs / 1000).toFixed(3));
  return seconds < 0 ? `−${-seconds}` : String(seconds);
}

export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

export function quantity({ value, unit }: Quantity): string {
  if (unit === 'ms') return formatMs(value);
  if (unit === 's') return formatMs(value * 1000);
  if (unit === 'ratio') return `${short(value * 100)} %`;
  if (unit === 'count') return count(value);
  return unit === 'x' ? `${short(value)} ×` : `${short(value)}/s`;
}

/** Three significant digits at most. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A latency that may be missing. */
export function latency(valueMs: number | null | undefined): string {
  return valueMs === null || valueMs === undefined ? '–' : formatMs(Number(valueMs.toPrecision(3)));
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
