import type { Reporter } from './contract.ts';
import { html } from './html/index.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';

/** Reporters that write a file. The live terminal is no row: it listens while the run is on. */
export const reporters = { html, json, junit } as const satisfies Readonly<Record<string, Reporter>>;
