import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import paymentsOutage from '../../scenarios/payments-outage.chaos.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { TWINS, type Twin } from '../../test/corpus/twins.ts';
import { table } from '../bench/markdown.ts';
import { startHogs } from './hog.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';
import { runCase } from './run-case.ts';

const RUNS = 3;
/** A little more than the machine has cores for, and far more. */
const HOG_COUNTS = [1, 4].map((times) => times * availableParallelism() + 1);
/** Longer than any run of the scenario. */
const HOGS_FOR_MS = 60_000;
/** Without a word from one of these, a run that is invalid is invalid for another reason than the hog. */
const LOAD_GUARDS = ['baseline-was-steady', 'load-was-offered'];

const scenario: Scenario = { ...paymentsOutage, name: 'payments-outage' };
const TWINS_TRIED = TWINS.filter((twin) => twin.scenario === scenario.name);

interface Case {
  readonly title: string;
  readonly verdict: string;
  readonly sentence: string;
  /** Expectations that failed, and guards that said invalid. */
  readonly failed: readonly string[];
  readonly sentinelP95Ms: number | null;
  /** Cores' worth of time that the busy loops got; 0 without any. */
  readonly hogCores: number;
}

export const sentinelProof: Proof = {
  name: 'sentinel',
  title: 'A busy machine makes a run inconclusive, never a failure; a defect on a quiet machine fails',
  run,
};

async function run(options: ProofOptions): Promise<Proven> {
  const runs = options.runs ?? RUNS;
  const busy: Case[] = [];
  const quiet: Case[] = [];
  const broken: { readonly twin: Twin; readonly result: Case }[] = [];
  const tell = (result: Case): Case => {
    options.say(`${result.title}: ${result.verdict}. ${result.sentence}`);
    return result;
  };
  for (let index = 1; index <= runs; index++) {
    options.signal.throwIfAborted();
    for (const hogs of HOG_COUNTS)
      busy.push(tell(await options.cases.once(`hogs ${hogs} ${index}`, () => runBesideHogs(hogs, index, options))));
    quiet.push(tell(await options.cases.once(`quiet ${index}`, () => runOnce({ title: 'correct shop, quiet', index }, options))));
  }
  for (const twin of TWINS_TRIED) {
    options.signal.throwIfAborted();
    const result = await options.cases.once(`twin ${twin.defect}`, () =>
      runOnce({ title: `${twin.service}.DEFECT=${twin.defect}, quiet`, index: 1, twin }, options),
    );
    broken.push({ twin, result: tell(result) });
  }
  return reportOf({ busy, quiet, broken });
}

async function runBesideHogs(count: number, index: number, options: ProofOptions): Promise<Case> {
  await using hogs = await startHogs(count, HOGS_FOR_MS);
  const beganMs = performance.now();
  const result = await runOnce({ title: `correct shop beside ${count} busy loops`, index }, options);
  return { ...result, hogCores: hogs.usedSeconds() / ((performance.now() - beganMs) / 1000) };
}

async function runOnce(
  { title, index, twin }: { readonly title: string; readonly index: number; readonly twin?: Twin },
  options: ProofOptions,
): Promise<Case> {
  const runFolder = join(options.folder, `${title.replaceAll(/\W+/g, '-')}-${index}`);
  const overrides = twin === undefined ? {} : { [twin.service]: { DEFECT: twin.defect } };
  const { verdict } = await runCase({ scenario, seed: index, runFolder, overrides }, options);
  const bad = verdict.findings.filter((finding) => (finding.guard ? finding.verdict === 'invalid' : finding.verdict === 'fail'));
  const p95Ms = verdict.findings.find(({ check }) => check === 'machine-was-quiet')?.quantities.measured?.value;
  return {
    title,
    verdict: verdict.verdict,
    sentence: verdict.sentence,
    failed: bad.map(({ check, subject }) => `${check} ${subject}`),
    sentinelP95Ms: p95Ms ?? null,
    hogCores: 0,
  };
}

interface Results {
  readonly busy: readonly Case[];
  readonly quiet: readonly Case[];
  readonly broken: readonly { readonly twin: Twin; readonly result: Case }[];
}

function reportOf({ busy, quiet, broken }: Results): Proven {
  const isSpared = ({ verdict, failed }: Case): boolean =>
    verdict === 'inconclusive' || (verdict === 'invalid' && failed.some((name) => LOAD_GUARDS.some((guard) => name.startsWith(guard))));
  const spared = busy.filter(isSpared).length;
  const undisturbed = busy.filter(({ verdict }) => verdict === 'pass').length;
  const isSparedWhole = spared > 0 && spared + undisturbed === busy.length;
  const accused = busy.filter(({ verdict }) => verdict === 'fail').length;
  const passed = quiet.filter(({ verdict }) => verdict === 'pass').length;
  const alarms = quiet.filter(({ verdict }) => verdict === 'fail').length;
  const caught = broken.filter(
    ({ twin, result }) =>
      result.verdict === 'fail' && twin.mustFail.some(({ check, subject }) => result.failed.includes(`${check} ${subject}`)),
  );
  const holds = isSparedWhole && alarms === 0 && passed > 0 && caught.length === broken.length;
  const rows = [...busy, ...quiet, ...broken.map(({ result }) => result)].map(({ title, verdict, failed, sentinelP95Ms, hogCores }) => [
    title,
    verdict,
    hogCores === 0 ? '–' : hogCores.toFixed(1),
    sentinelP95Ms === null ? '–' : `${sentinelP95Ms.toFixed(1)} ms`,
    failed.length === 0 ? '–' : failed.join(', '),
  ]);
  return {
    holds,
    markdown: [
      claim(
        isSparedWhole,
        `beside ${HOG_COUNTS.join(' or ')} busy loops ${spared} of ${busy.length} runs of the correct shop are inconclusive, or invalid for their baseline or load, ${undisturbed} pass in spite of them, ${accused} fail`,
      ),
      claim(
        alarms === 0 && passed > 0,
        `without them ${passed} of ${quiet.length} pass and ${alarms} fail (the others met a machine that was busy anyway)`,
      ),
      claim(
        caught.length === broken.length,
        `of the broken twins ${caught.length} of ${broken.length} fail, each by the expectation that must catch it`,
      ),
      '',
      table(['payments-outage, fast', 'verdict', 'cores taken', 'sentinel p95', 'failed or invalid'], rows),
    ].join('\n'),
  };
}
