import type { Reporter } from './contract.ts';

/** The outcome as data; `schema/outcome.schema.json` describes it. */
export const json: Reporter<null> = {
  kind: 'json',
  file: 'outcome.json',
  digest: () => null,
  render: (outcome) => `${JSON.stringify(outcome, null, 2)}\n`,
};
