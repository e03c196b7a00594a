import type { ToxicKind } from './contract.ts';

/** Passes everything on. */
export const noop: ToxicKind = {
  attributes: {},
  start: ({ out }) => ({
    chunk: (data) => out.chunk(data),
    end: () => out.end(),
    full: () => false,
    update: () => undefined,
    release: () => undefined,
    stop: () => undefined,
  }),
};
