import type { Plan } from '../../harness/model/plan.ts';
import type { RequestTemplate } from '../../harness/model/load.ts';
import {
  availability,
  constant,
  defineConfig,
  defineScenario,
  defineSystem,
  httpStatus,
  openLoad,
  planScenario,
} from '../../harness/index.ts';

interface PlannedLoad<R extends string> {
  readonly ratePerSecond: number;
  readonly lengthMs: number;
  readonly request: RequestTemplate<R>;
  /** @default the builtin one */
  readonly driver?: string;
  /** @default the one that `halfopen k6 build` made */
  readonly k6Executable?: string;
}

/** The plan of an even load alone: a driver reads nothing else of it. */
export function planOfLoad<const R extends string>(planned: PlannedLoad<R>): Plan {
  const { ratePerSecond, lengthMs, request, driver = 'builtin', k6Executable } = planned;
  const config = defineConfig(k6Executable === undefined ? {} : { k6: { executable: k6Executable } });
  const system = defineSystem({
    name: 'bench',
    entry: 'target',
    services: { target: { command: ['node', 'none'], calls: { other: 'OTHER_URL' } }, other: { command: ['node', 'none'] } },
    breakers: {},
  });
  const scenario = defineScenario(system, {
    title: 'A load and nothing else',
    load: openLoad({ arrivals: constant(ratePerSecond), requests: [request] }),
    warmup: 0,
    baseline: lengthMs - 2,
    faults: [{ name: 'none', inject: httpStatus('target->other', { status: 503 }), from: 0, for: 1 }],
    recovery: 1,
    expect: [availability({ request: request.name, during: 'baseline', min: 0.5 })],
  });
  return planScenario(scenario, { config, environment: 'embedded', seed: 7, pace: 'full', overrides: {}, driver });
}
