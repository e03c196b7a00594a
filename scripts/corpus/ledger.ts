import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Verdict } from '../../harness/model/verdict.ts';
import { lowerBound, upperBound } from './bounds.ts';

/** One run of the corpus, as it is kept for good. */
export interface Entry {
  readonly scenario: string;
  /** `service.DEFECT` of a broken twin; absent for the correct shop. */
  readonly twin?: string;
  readonly verdict: Verdict;
  /** The twin's own expectation failed. */
  readonly caught?: boolean;
  readonly seed: number;
  readonly sentence: string;
  readonly commit: string;
  readonly pace: string;
}

export interface Ledger {
  readonly schemaVersion: 1;
  readonly machine: string;
  readonly entries: Entry[];
}

export function readLedger(path: string, machine: string): Ledger {
  if (!existsSync(path)) return { schemaVersion: 1, machine, entries: [] };
  return JSON.parse(readFileSync(path, 'utf8')) as Ledger;
}

export function writeLedger(path: string, ledger: Ledger): void {
  mkdirSync(dirname(path), { recursive: true });
  const entries = ledger.entries.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n');
  writeFileSync(path, `{ "schemaVersion": 1, "machine": ${JSON.stringify(ledger.machine)}, "entries": [\n${entries}\n] }\n`);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** The page for people: what the corpus has shown so far. */
export function describeLedger({ machine, entries }: Ledger): string {
  const correct = entries.filter(({ twin }) => twin === undefined);
  const twins = entries.filter(({ twin }) => twin !== undefined);
  const judgedTwins = twins.filter(({ verdict, caught }) => caught === true || verdict === 'pass' || verdict === 'fail');
  const caught = judgedTwins.filter((entry) => entry.caught === true).length;
  const alarms = correct.filter(({ verdict }) => verdict === 'fail').length;
  const undecided = correct.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'invalid').length;
  return [
    '# The corpus: what the verdicts are worth',
    '',
    `Made by \`npm run corpus\`; cumulative over ${entries.length} runs. Machine: ${machine}. Commits: ${[...new Set(entries.map(({ commit }) => commit))].join(', ')}.`,
    '',
    `- **Detected**: ${caught} of ${judgedTwins.length} runs of broken services failed by the expectation that was to catch them (missed: ${judgedTwins.length - caught}; exact 95 % lower bound of the detection rate ${percent(lowerBound(caught, judgedTwins.length))}).`,
    `- **False alarms**: ${alarms} in ${correct.length - undecided} decided runs of the correct shop (exact 95 % upper bound ${percent(upperBound(alarms, correct.length - undecided))}).`,
    `- **Undecided**: ${undecided} of ${correct.length} runs of the correct shop and ${twins.length - judgedTwins.length} of ${twins.length} of broken ones were inconclusive or invalid: the machine was too busy to tell. They count as neither.`,
    '',
    '## The correct shop',
    '',
    '| scenario | runs | pass | fail | inconclusive | invalid |',
    '|---|---|---|---|---|---|',
    ...groups(correct, ({ scenario }) => scenario).map(
      ([name, runs]) =>
        `| ${name} | ${runs.length} | ${tally(runs, 'pass')} | ${tally(runs, 'fail')} | ${tally(runs, 'inconclusive')} | ${tally(runs, 'invalid')} |`,
    ),
    '',
    '## Broken twins',
    '',
    '| scenario | twin | runs | caught | missed | undecided | what the report said first |',
    '|---|---|---|---|---|---|---|',
    ...groups(twins, ({ scenario, twin }) => `${scenario} | ${twin ?? ''}`).map(([name, runs]) => {
      const hits = runs.filter((run) => run.caught === true).length;
      const missed = runs.filter((run) => run.caught !== true && (run.verdict === 'pass' || run.verdict === 'fail')).length;
      return `| ${name} | ${runs.length} | ${hits} | ${missed} | ${runs.length - hits - missed} | ${(runs.at(-1)?.sentence ?? '').replaceAll('|', '\\|')} |`;
    }),
    '',
    ...notPassed(correct),
  ].join('\n');
}

/** Each run of the correct shop that did not pass, in words: the place to look first. */
function notPassed(correct: readonly Entry[]): string[] {
  const rest = correct.filter(({ verdict }) => verdict !== 'pass');
  if (rest.length === 0) return [];
  return [
    '## Runs of the correct shop that did not pass',
    '',
    ...rest.map(({ scenario, seed, verdict, sentence, commit }) => `- ${verdict}: ${scenario}, seed ${seed}, ${commit}: ${sentence}`),
    '',
  ];
}

function tally(runs: readonly Entry[], verdict: Verdict): number {
  return runs.filter((run) => run.verdict === verdict).length;
}

function groups(entries: readonly Entry[], keyOf: (entry: Entry) => string): [string, Entry[]][] {
  return [...Map.groupBy(entries, keyOf)].sort(([left], [right]) => left.localeCompare(right));
}
