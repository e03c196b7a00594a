import { formatMs } from '../model/time.ts';
import type { Values } from './explanation.ts';

/** A number among the values; stored runs may lack it. */
export function numberOf(values: Values, name: string): number {
  const value = values[name];
  return typeof value === 'number' ? value : Number.NaN;
}

/** A value as text; lists with commas. */
export function textOf(values: Values, name: string): string {
  const value = values[name];
  if (Array.isArray(value)) return value.join(', ');
  return value == null ? 'unknown' : String(value);
}

/** A length of time among the values, which hold milliseconds. */
export function lengthOf(values: Values, name: string): string {
  const lengthMs = numberOf(values, name);
  return Number.isFinite(lengthMs) ? formatMs(lengthMs) : 'an unknown time';
}

/** A share among the values, in per cent. */
export function shareOf(values: Values, name: string): string {
  return `${round(numberOf(values, name) * 100, 2)} %`;
}

/** A ratio among the values: `1.15 ×`. */
export function ratioOf(values: Values, name: string): string {
  return `${round(numberOf(values, name), 2)} ×`;
}

/** `1 call`, `2,229 calls`. */
export function countOf(values: Values, name: string, one: string, many = `${one}s`): string {
  return count(numberOf(values, name), one, many);
}

export function count(amount: number, one: string, many = `${one}s`): string {
  return `${Number.isFinite(amount) ? grouped(amount) : 'an unknown number of'} ${amount === 1 ? one : many}`;
}

/** The 95th percentile as people write it: `p95`. */
export function quantileName(share: number): string {
  return `p${round(share * 100, 2)}`;
}

export function round(value: number, digits: number): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(digits))) : 'unknown';
}

/** A text with a capital at its start. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Thousands set apart without asking the machine's locale, so that all machines print the same. */
function grouped(amount: number): string {
  return round(amount, 2).replace(/\B(?=(\d{3})+(?!\d|\.\d*$))/g, ',');
}
