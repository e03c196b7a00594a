import { LIMITS } from '../../../model/limits.ts';
import type { Observed } from '../../../model/recording.ts';
import type { Observe } from '../../../model/system.ts';

/** Gathers a reply's body as far as the limit allows. */
export class BodyCollector {
  #parts: Buffer[] = [];
  #bytes = 0;

  add(data: Buffer): void {
    this.#bytes += data.length;
    if (this.#bytes <= LIMITS.bodyBytes) this.#parts.push(data);
    else this.#parts = [];
  }

  /** What the pointers find in the body; null where it is too long or no JSON. */
  observe(observe: Observe): Observed | null {
    if (this.#bytes === 0 || this.#bytes > LIMITS.bodyBytes) return null;
    let body: unknown;
    try {
      body = JSON.parse(Buffer.concat(this.#parts).toString('utf8'));
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
    return observeBody(body, observe);
  }
}

/** What the pointers find in a JSON body; null where they find nothing. */
export function observeBody(body: unknown, observe: Observe): Observed | null {
  const markers = observe.degraded === undefined ? [] : typeof observe.degraded === 'string' ? [observe.degraded] : observe.degraded;
  const value = scalar(observe.value, body);
  const version = scalar(observe.version, body);
  const ageMs = scalar(observe.age, body);
  const observed: Observed = {
    ...(markers.length === 0 ? {} : { degraded: markers.some((marker) => isMark(at(body, marker))) }),
    ...(value === undefined ? {} : { value }),
    ...(typeof version === 'string' || typeof version === 'number' ? { version } : {}),
    ...(typeof ageMs === 'number' ? { ageMs } : {}),
  };
  if (Object.keys(observed).length === 0) return null;
  return Buffer.byteLength(JSON.stringify(observed)) > LIMITS.observedBytes ? null : observed;
}

function isMark(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value !== '');
}

function scalar(pointer: string | undefined, body: unknown): string | number | boolean | null | undefined {
  if (pointer === undefined) return undefined;
  const value = at(body, pointer);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null ? value : undefined;
}

/** The value that a JSON pointer (RFC 6901) points at, or undefined. */
export function at(body: unknown, pointer: string): unknown {
  if (pointer === '') return body;
  let value = body;
  for (const token of pointer.slice(1).split('/')) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}
