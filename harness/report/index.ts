import type { Reporter } from './contract.ts';
import { ctrf } from './ctrf.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { html } from './html/index.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import { markdown } from './markdown.ts';
import { sarif } from './sarif.ts';

/** Reporters that write files. The live terminal is no row: it listens while the run is on. */
export const reporters = {
  ctrf,
  github,
  gitlab,
  html,
  json,
  junit,
  markdown,
  sarif,
} as const satisfies Readonly<Record<string, Reporter>>;
