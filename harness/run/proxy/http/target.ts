import { seededRandom, shuffledIndices } from '../../../model/random.ts';
import type { HttpTarget } from '../contract.ts';
import { headerValue, type RequestHead } from './head.ts';

/** A share is exact in each block of this many matching exchanges. */
export const SHARE_BLOCK = 20;

/** Decides by ordinal which of the matching exchanges are hit. */
export interface Chooser {
  matches(head: RequestHead): boolean;
  /** Takes the next ordinal: call it once for each exchange that matches. */
  choose(): boolean;
}

/** The chooser of one rule; `name` and `seed` place the share's hits. */
export function createChooser(target: HttpTarget, name: string, seed: number): Chooser {
  const path = target.path === undefined ? null : pathPattern(target.path);
  const method = target.method?.toUpperCase();
  const headers = Object.entries(target.headers ?? {});
  let ordinal = 0;
  let block = -1;
  let places: ReadonlySet<number> = new Set();
  const isInShare = (share: number, place: number): boolean => {
    const current = Math.floor(place / SHARE_BLOCK);
    if (current !== block) {
      block = current;
      places = sharePlaces(share, name, seed, block);
    }
    return places.has(place % SHARE_BLOCK);
  };
  return {
    matches(head) {
      if (method !== undefined && head.method !== method) return false;
      if (path !== null && !path.test(head.path)) return false;
      return headers.every(([header, value]) => headerValue(head.text, header) === value);
    },
    choose() {
      const place = ordinal++;
      if (target.first !== undefined && place >= target.first) return false;
      if (target.everyNth !== undefined && (place + 1) % target.everyNth !== 0) return false;
      return target.share === undefined || isInShare(target.share, place);
    },
  };
}

/** Which of a block's exchanges are hit: exactly round(20 × share) of them. */
export function sharePlaces(share: number, name: string, seed: number, block: number): ReadonlySet<number> {
  const hits = Math.round(SHARE_BLOCK * share);
  return new Set(shuffledIndices(SHARE_BLOCK, seededRandom(seed, `${name}/${block}`)).slice(0, hits));
}

/** `*` stands for any text, slashes included. */
function pathPattern(path: string): RegExp {
  const parts = path.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
