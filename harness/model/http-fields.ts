import { LIMITS } from './limits.ts';
import type { Field, Shape } from './shape.ts';

/** Headers that say how a message is framed, or are one hop's business: a fault that set them would break the connection in place of the exchange. */
const HOP_HEADERS = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;

/** Headers that a fault may set. */
export const setHeadersField = { type: 'headers', barred: HOP_HEADERS, optional: true } as const satisfies Field;

/** Headers that a request must have; `*` stands for any text. */
export const wantedHeadersField = { type: 'headers', optional: true } as const satisfies Field;

/** Names of headers that a fault may remove. */
export const removeHeadersField = {
  type: 'string',
  list: true,
  optional: true,
  form: {
    pattern: new RegExp(String.raw`^(?!(?:${HOP_HEADERS.join('|')})$)[!#$%&'*+.^_\`|~0-9A-Za-z-]+$`, 'i'),
    words: `the name of a header, none of ${HOP_HEADERS.join(', ')}`,
  },
} as const satisfies Field;

/** A body that a fault makes. */
export const bodyField = {
  type: 'string',
  optional: true,
  form: { pattern: /^/, words: 'a text', maxBytes: LIMITS.faultBodyBytes },
} as const satisfies Field;

/** Texts to be replaced. */
export const replaceField = {
  type: 'object',
  list: true,
  optional: true,
  fields: {
    find: { type: 'string', form: { pattern: /^[^]/, words: 'a text that is not empty', maxBytes: LIMITS.faultBodyBytes } },
    with: { type: 'string', form: { pattern: /^/, words: 'a text', maxBytes: LIMITS.faultBodyBytes } },
  },
} as const satisfies Field;

/** Values to be put at JSON pointers (RFC 6901). */
export const jsonEditsField = {
  type: 'object',
  list: true,
  optional: true,
  fields: {
    pointer: {
      type: 'string',
      form: { pattern: /^(?:\/(?:[^~/]|~[01])*)*$/, words: "a JSON pointer: '' or '/' and parts with ~0 for ~ and ~1 for /" },
    },
    value: { type: 'json' },
  },
} as const satisfies Field;

/** Which exchanges match, and which of them are chosen; `minShare` is the least share that is taken. */
export function targetFields(minShare: number): Shape {
  return {
    method: { type: 'string', optional: true, form: { pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, words: 'a method' } },
    path: { type: 'string', optional: true, form: { pattern: /^[/*]\S*$/, words: "a path that starts with '/' or '*'" } },
    headers: wantedHeadersField,
    after: { type: 'integer', min: 0, optional: true },
    first: { type: 'integer', min: 1, optional: true },
    everyNth: { type: 'integer', min: 1, optional: true },
    pattern: { type: 'string', optional: true, form: TARGET_PATTERN },
    share: { type: 'number', min: minShare, max: 1, optional: true },
    next: { type: 'integer', min: 1, optional: true },
  };
}

/** Has at least one hit, or the rule would never act. */
export const TARGET_PATTERN = {
  pattern: /^\.*x[x.]*$/,
  words: "'x' (hit) and '.' (spared), with at least one 'x'",
  maxBytes: 1000,
} as const;
