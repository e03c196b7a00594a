import type { Reporter } from './contract.ts';
import { githubAnnotations } from './github-annotations.ts';
import { noteOf, type RunNote } from './run-note.ts';
import { summaryMarkdown } from './summary-markdown.ts';

/** GitHub drops the summary of a step above 1 MiB; what else the step writes has the rest. */
const SUMMARY_BYTES_MAX = 900_000;

/** For GitHub Actions: the step's summary, and annotations of the scenarios' files. */
export const github: Reporter<RunNote> = {
  kind: 'github',
  file: 'github-summary.md',
  channel: 'step-summary',
  digest: noteOf,
  render: (outcome, notes, surroundings = {}) =>
    summaryMarkdown({ outcome, notes, surroundings, bytesMax: SUMMARY_BYTES_MAX, isFolded: true }),
  beside: [{ file: 'github-annotations.txt', channel: 'log', render: githubAnnotations }],
};
