import type { LeftOut } from '../model/outcome.ts';

/** Why a scenario did not run, and what would make it run. */
export function leftOutText({ sentence, wayOut }: LeftOut): string {
  return `left out, as ${sentence}${wayOut === undefined ? '' : `; way out: ${wayOut}`}`;
}
