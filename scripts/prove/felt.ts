import { join } from 'node:path';
import { availability, breaker, defineScenario, defineSystem, get, httpStatus, openLoad, stdoutEvents } from '../../harness/index.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { table } from '../bench/markdown.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';
import { runCase } from './run-case.ts';

const command = ['node', 'scripts/prove/planted-service.ts'] as const;

/** `front` answers from `back`; `front->idle` is an edge that nobody uses, and `front` prints nothing about its breaker. */
const system = defineSystem({
  name: 'felt',
  entry: 'front',
  services: {
    front: { command, ready: '/readyz', calls: { back: 'BACK_URL', idle: 'IDLE_URL' } },
    back: { command, ready: '/readyz' },
    idle: { command, ready: '/readyz' },
  },
  breakers: {},
});
const silent = defineSystem({
  name: 'silent',
  entry: 'front',
  services: { front: { command, ready: '/readyz', calls: { back: 'BACK_URL' } }, back: { command, ready: '/readyz' } },
  breakers: { 'front.back': { service: 'front', edge: 'front->back', probe: stdoutEvents() } },
});
/** Its callee never answers as it should: the fault is there from the first request on. */
const unwell = defineSystem({
  name: 'unwell',
  entry: 'front',
  services: {
    front: { command, ready: '/readyz', env: { BACK_URL: 'http://127.0.0.1:9' }, calls: { back: 'UNUSED_URL' } },
    back: { command, ready: '/readyz' },
  },
  breakers: {},
});

const load = openLoad({ ratePerSecond: 50, requests: [get('item', '/item/{seq}')] });
const timeline = { load, warmup: '500ms', baseline: '2s', recovery: '2s' } as const;

interface FeltCase {
  readonly title: string;
  readonly scenario: Scenario;
  /** The guard that must say invalid. */
  readonly guard: string;
}

const CASES: readonly FeltCase[] = [
  {
    title: 'a fault on an edge without traffic',
    guard: 'fault-was-felt',
    scenario: defineScenario(system, {
      ...timeline,
      title: 'A storm that nobody meets',
      faults: [{ name: 'storm', inject: httpStatus('front->idle', { status: 503 }), from: '0s', for: '2s' }],
      expect: [availability({ request: 'item', during: 'storm', min: 0.5 })],
    }),
  },
  {
    title: 'a probe that hears nothing',
    guard: 'probe-was-watching',
    scenario: defineScenario(silent, {
      ...timeline,
      title: 'A breaker that does not speak',
      faults: [{ name: 'storm', inject: httpStatus('front->back', { status: 503 }), from: '0s', for: '2s' }],
      expect: [breaker('front.back').staysClosed()],
    }),
  },
  {
    title: 'a system that was unwell before the fault',
    guard: 'baseline-was-steady',
    scenario: defineScenario(unwell, {
      ...timeline,
      title: 'A shop that was down anyway',
      faults: [{ name: 'storm', inject: httpStatus('front->back', { status: 503 }), from: '0s', for: '2s' }],
      expect: [availability({ request: 'item', during: 'recovery', min: 0.5 })],
    }),
  },
];

export const feltProof: Proof = { name: 'felt', title: 'A run that proves nothing is invalid, with the reason', run };

async function run(options: ProofOptions): Promise<Proven> {
  const results = [];
  for (const { title, scenario, guard } of CASES) {
    options.signal.throwIfAborted();
    const result = await options.cases.once(title, async () => {
      const { verdict } = await runCase(
        { scenario: { ...scenario, name: 'felt' }, seed: 1, runFolder: join(options.folder, guard), pace: 'full' },
        options,
      );
      const finding = verdict.findings.find(({ check, verdict }) => check === guard && verdict === 'invalid');
      return { verdict: verdict.verdict, reason: finding?.sentence ?? '' };
    });
    options.say(`${title}: ${result.verdict}. ${result.reason}`);
    results.push({ title, guard, ...result });
  }
  const proven = results.filter(({ verdict, reason }) => verdict === 'invalid' && reason !== '');
  return {
    holds: proven.length === results.length,
    markdown: [
      claim(proven.length === results.length, `${proven.length} of ${results.length} such runs are invalid, and say why`),
      '',
      table(
        ['what was wrong with the run', 'verdict', 'guard', 'reason'],
        results.map(({ title, guard, verdict, reason }) => [title, verdict, guard, reason]),
      ),
    ].join('\n'),
  };
}
