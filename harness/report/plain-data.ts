import { plainText } from './plain-text.ts';

/** Data whose texts, keys aside, are plain text. */
export function plainData(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value);
  if (Array.isArray(value)) return value.map(plainData);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plainData(child)]));
}
