import type { Reporter } from './contract.ts';
import { noteOf, type RunNote } from './run-note.ts';
import { summaryMarkdown } from './summary-markdown.ts';

/** What a comment or a release note can hold; the longest that GitLab and GitHub take whole is not much more. */
const BYTES_MAX = 1_000_000;

/** The suite as Markdown: a table, and a section for each scenario that did not pass. */
export const markdown: Reporter<RunNote> = {
  kind: 'markdown',
  file: 'report.md',
  digest: noteOf,
  render: (outcome, notes, surroundings = {}) => summaryMarkdown({ outcome, notes, surroundings, bytesMax: BYTES_MAX, isFolded: false }),
};
