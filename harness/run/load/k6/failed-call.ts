import type { Judged } from '../answer.ts';
import type { Req } from './protocol.ts';

/** What Go says of a call that the extension has no class for, by what it means for the one who asked. */
const OUTCOME_OF_WORDS: readonly (readonly [RegExp, Judged['outcome']])[] = [
  [/no route to host|network is unreachable|host is down/i, 'refused'],
  // This machine had no socket to give, or the request could not be written: it never left.
  [
    /too many open files|no buffer space|cannot allocate memory|cannot assign requested address|invalid header field|invalid method|invalid URL/i,
    'shed',
  ],
  [/malformed|bad status|invalid (?:response|content-length|transfer)|unsupported transfer encoding|too many transfer/i, 'wrong'],
];
const WORDS_KEPT = 120;

/** The outcome of a call that got no whole answer, as the builtin driver has it; what has no class is named in `observed`. */
export function judgeFailedCall(err: NonNullable<Req['err']>, words = ''): Judged {
  if (err === 'canceled') return { outcome: 'aborted', observed: null };
  if (err !== 'other') return { outcome: err, observed: null };
  const outcome = OUTCOME_OF_WORDS.find(([pattern]) => pattern.test(words))?.[1];
  const said = words.slice(0, WORDS_KEPT);
  if (outcome === 'wrong') return { outcome, observed: { mismatch: `no HTTP answer: ${said}` } };
  if (outcome === 'shed') return { outcome, observed: { mismatch: said } };
  return outcome === undefined ? { outcome: 'reset', observed: { mismatch: `failed with ${said}` } } : { outcome, observed: null };
}
