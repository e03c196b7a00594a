import { LIMITS } from './limits.ts';
import type { Observed } from './recording.ts';
import type { Observe } from './system.ts';

/** Reads the declared parts of a JSON body; null where nothing is declared or the body has none of it. */
export type Observer = (body: unknown) => Observed | null;

/**
 * Compiles the pointers of `observe`. The load driver and the taps read answers by the same rules, cuts included, so that
 * what users got can be compared with what its source gave. `redact` takes secrets out of every text that is kept.
 */
export function observerOf(observe: Observe, redact: (text: string) => string = (text) => text): Observer {
  const degraded = [observe.degraded ?? []].flat().map(pointerOf);
  const value = observe.value === undefined ? null : pointerOf(observe.value);
  const version = observe.version === undefined ? null : pointerOf(observe.version);
  const age = observe.age === undefined ? null : pointerOf(observe.age);
  return (body) => {
    const observed: { -readonly [K in keyof Observed]: Observed[K] } = {};
    if (degraded.length > 0) observed.degraded = degraded.some((at) => isMarked(at(body)));
    const seenValue = value?.(body);
    if (isScalar(seenValue)) observed.value = typeof seenValue === 'string' ? redact(seenValue) : seenValue;
    const seenVersion = version?.(body);
    if (typeof seenVersion === 'string') observed.version = redact(seenVersion);
    if (typeof seenVersion === 'number') observed.version = seenVersion;
    const seenAge = age?.(body);
    if (typeof seenAge === 'number') observed.ageMs = seenAge;
    return Object.keys(observed).length === 0 ? null : withinLimit(observed);
  };
}

function isMarked(marker: unknown): boolean {
  return marker === true || (typeof marker === 'string' && marker !== '');
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** A JSON pointer (RFC 6901) as a function of the body. */
function pointerOf(pointer: string): (body: unknown) => unknown {
  const tokens = pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (body) => {
    let place = body;
    for (const token of tokens) {
      if (typeof place !== 'object' || place === null || !Object.hasOwn(place, token)) return undefined;
      place = (place as Readonly<Record<string, unknown>>)[token];
    }
    return place;
  };
}

/** Cuts the longest text until the whole fits `LIMITS.observedBytes` as JSON. */
export function withinLimit(observed: Observed): Observed {
  let fitted = observed;
  while (textBytes(fitted) > LIMITS.observedBytes) {
    const texts = Object.entries(fitted).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    const [key, text] = texts.reduce((longest, entry) => (entry[1].length > longest[1].length ? entry : longest), ['', '']);
    if (text === '') return {};
    fitted = { ...fitted, [key]: `${text.slice(0, Math.floor(text.length / 2)).trimEnd()}…` };
  }
  return fitted;
}

function textBytes(observed: Observed): number {
  return new TextEncoder().encode(JSON.stringify(observed)).length;
}
