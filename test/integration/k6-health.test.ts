/**
 * Goal: a load driver that runs out of virtual users, or of processor time, in one phase makes what that phase says of times undecided. It
 * never makes a correct system fail, and leaves alone what does not depend on it. Forced for real, with a k6 and a system of two services.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { evidenceOf, type Evidence } from '../../harness/analysis/evidence.ts';
import { quantile } from '../../harness/analysis/quantile.ts';
import { responseMs } from '../../harness/analysis/series.ts';
import { DEFAULT_GUARDS } from '../../harness/model/guards.ts';
import type { Outcome } from '../../harness/model/outcome.ts';
import type { PhaseName } from '../../harness/model/plan.ts';
import { loadRecording } from '../../harness/recording/index.ts';
import { startHogs } from '../../scripts/prove/hog.ts';
import { fixture, readJson, runFolder, start, temporaryFolder, temporaryProject } from '../cli/halfopen.ts';
import { k6AtHand } from './k6-at-hand.ts';

const { executable, lack } = await k6AtHand();

/** More than the machine has cores for, several times over. */
const HOGS = 8 * availableParallelism() + 1;
/** Longer than the phase that they are for; they are ended with it. */
const HOGS_FOR_MS = 20_000;
const ATTEMPTS = 2;
/** From here on a machine is busy without the loops. */
const LOUD_MS = DEFAULT_GUARDS.sentinelP95MsMax;

/** How steady a machine is that others use as well is not what is tested. */
const ANY_BASELINE = { baselineDriftRatioMax: 10_000 };

const SYSTEM = `import { defineSystem } from 'halfopen';
export const pair = defineSystem({
  name: 'pair',
  entry: 'front',
  services: { front: { command: ['node', 'front.ts'], ready: '/readyz', calls: { back: 'BACK_URL' } }, back: { command: ['node', 'back.ts'] } },
});`;

interface Squeeze {
  /** What the fault adds to each call of the back. */
  readonly delay: string;
  readonly ratePerSecond: number;
  /** Expectations beside those of the baseline and the recovery. */
  readonly expect: readonly string[];
  readonly config: object;
}

function projectOf({ delay, ratePerSecond, expect: own, config }: Squeeze): string {
  return temporaryProject({
    'front.ts': readFileSync(join(fixture, 'front.ts'), 'utf8'),
    'back.ts': readFileSync(join(fixture, 'back.ts'), 'utf8'),
    'halfopen.config.ts': `export default ${JSON.stringify({ scenarios: ['scenarios'], ...config })};`,
    'scenarios/pair.system.ts': SYSTEM,
    'scenarios/squeezed.chaos.ts': `import { availability, defineScenario, get, latency, latencyWithin, openLoad } from 'halfopen';
import { pair } from './pair.system.ts';
export default defineScenario(pair, {
  title: 'A slow back is waited for',
  tags: [],
  load: openLoad({ ratePerSecond: ${ratePerSecond}, requests: [get('r', '/r')] }),
  warmup: '500ms',
  baseline: '1500ms',
  faults: [{ name: 'slow', inject: latency('front->back', { delay: '${delay}' }), from: '0s', for: '2s' }],
  recovery: '1200ms',
  expect: [latencyWithin({ during: 'baseline', quantile: 0.9, maxMs: 4000 }), availability({ during: 'recovery', min: 0.2 }), ${own.join(', ')}],
});`,
  });
}

interface Squeezed {
  readonly code: number | null;
  readonly outcome: Outcome['scenarios'][number];
  readonly evidence: Evidence;
}

/** Runs it with k6; `during` is there while the fault phase lasts. */
async function run(squeeze: Squeeze, during: () => Promise<AsyncDisposable | null> = async () => null): Promise<Squeezed> {
  const output = temporaryFolder();
  const running = start(['run', '--load', 'k6', '--output', output], { cwd: projectOf(squeeze) });
  await running.untilPrinted('phase fault');
  const guest = await during();
  try {
    await running.untilPrinted('phase recovery');
  } finally {
    await guest?.[Symbol.asyncDispose]();
  }
  const { code, stdout, stderr } = await running.ended;
  if (!existsSync(join(output, 'outcome.json'))) throw new Error(`no outcome (exit ${code}): ${stdout}${stderr}`);
  const [outcome] = (readJson(join(output, 'outcome.json')) as Outcome).scenarios;
  if (outcome === undefined) throw new Error(`no outcome: ${stdout}${stderr}`);
  return { code, outcome, evidence: evidenceOf(loadRecording(join(runFolder(output, 'squeezed'), 'recording.sqlite'))) };
}

function findingsOf({ outcome }: Squeezed, check: string): Outcome['scenarios'][number]['findings'] {
  return outcome.findings.filter((finding) => finding.check === check);
}

function expectNoFailure({ code, outcome }: Squeezed): void {
  const told = outcome.findings.map(({ verdict, check, sentence }) => `${verdict} ${check}: ${sentence}`).join('\n');
  expect([0, 4], told).toContain(code);
  expect(outcome.findings.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
}

describe.skipIf(lack !== null)(`a k6 without means${lack === null ? '' : ` [skipped: ${lack}]`}`, () => {
  // 40 calls a second that take half a second each are 20 at a time.
  const slowed = (vusMax: number): Squeeze => ({
    delay: '500ms',
    ratePerSecond: 40,
    expect: [
      "latencyWithin({ during: 'fault', quantile: 0.9, maxMs: 4000 })",
      "availability({ during: 'fault', min: 0.95 })",
      "latencyWithin({ during: 'slow', quantile: 0.9, maxMs: 4000 })",
    ],
    config: { k6: { executable, vusMax }, guards: ANY_BASELINE },
  });

  test('virtual users run out while answers are slow: the times of that phase are undecided, what was not sent is no failure of the system', async () => {
    const squeezed = await run(slowed(14));
    expectNoFailure(squeezed);
    const [offered] = findingsOf(squeezed, 'load-was-offered');
    expect(['inconclusive', 'invalid']).toContain(offered?.verdict);
    expect(offered?.sentence).toMatch(/\d+ requests due in the fault phase, \d+ were sent and waited for \([1-9]\d* shed/);
    expect(squeezed.outcome.verdict).toBe(offered?.verdict);
    // A machine so slow that virtual users did not do for the baseline either says nothing of the phases.
    if (offered?.verdict === 'invalid') return;
    const [before, inFault, whileSlow] = findingsOf(squeezed, 'latencyWithin');
    expect([inFault?.verdict, whileSlow?.verdict]).toEqual(['inconclusive', 'inconclusive']);
    const available = findingsOf(squeezed, 'availability').at(-1);
    expect(available?.sentence).toMatch(/^Cannot tell: \d+ arrivals of the run were not sent/);
    // Nothing was lacking before the fault, and so nothing is doubted there for want of load.
    expect(before?.sentence).not.toContain('load');
    expect(whileSlow?.sentence).toMatch(/not all of the load was offered|arrivals of the run were not sent/);
  });

  test('with virtual users enough the same system is judged', async () => {
    const squeezed = await run(slowed(1000));
    expectNoFailure(squeezed);
    expect(findingsOf(squeezed, 'load-was-offered')[0]).toMatchObject({ verdict: 'pass' });
    expect(findingsOf(squeezed, 'latencyWithin').map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass']);
    expect(findingsOf(squeezed, 'availability').at(-1)).toMatchObject({ verdict: 'pass' });
  });
});

/** What guards go by: how late requests began (p99) and what an answer without work took (p95), together, in milliseconds. */
function noiseMs({ evidence }: Squeezed, phase: PhaseName): number {
  const span = evidence.phase(phase);
  if (span === null) throw new RangeError(`Cannot measure the ${phase} phase as it must have been reached`);
  const lags = evidence
    .requestsIn(span)
    .flatMap(({ startedUs, intendedUs }) => (startedUs === null ? [] : [(startedUs - intendedUs) / 1000]));
  const sentinel = evidence.recording.sentinel.filter(({ intendedUs }) => intendedUs >= span.fromUs && intendedUs < span.toUs);
  return (quantile(lags, 0.99) ?? Infinity) + (quantile(sentinel.map(responseMs), 0.95) ?? Infinity);
}

describe.skipIf(lack !== null)('a machine without processor time', () => {
  const tight: Squeeze = {
    delay: '100ms',
    ratePerSecond: 40,
    // What the fault adds, and little more: the machine's own noise decides it. And what no noise can turn.
    expect: ["latencyWithin({ during: 'fault', quantile: 0.95, maxMs: 150 })", "availability({ during: 'fault', min: 0.5 })"],
    config: { k6: { executable }, guards: ANY_BASELINE },
  };

  test('busy loops in one phase make that phase louder; what is closer than its noise is undecided, and the rest is as it was', async () => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const squeezed = await run(tight, () => startHogs(HOGS, HOGS_FOR_MS));
      expectNoFailure(squeezed);
      const [before, tightly] = findingsOf(squeezed, 'latencyWithin');
      // Undecided only where a guard says why.
      const doubts = squeezed.outcome.findings.filter(({ guard, verdict }) => guard && verdict !== 'pass');
      if (tightly?.verdict !== 'pass') expect(doubts, tightly?.sentence).not.toEqual([]);
      expect(before, before?.sentence).toMatchObject({ verdict: 'pass' });
      expect(findingsOf(squeezed, 'availability').map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
      const [quietMs, hoggedMs] = [noiseMs(squeezed, 'baseline'), noiseMs(squeezed, 'fault')];
      if (hoggedMs > quietMs) return;
      // Where others use up the machine as well, the loops cannot make it any worse.
      expect(quietMs, 'noise of the baseline').toBeGreaterThan(LOUD_MS);
      console.warn(`the machine was busy before the loops began (${quietMs} ms, then ${hoggedMs} ms), trying again`);
    }
  });
});
