import { defineScenario, defineSystem, get, httpStatus, openLoad, recovery } from '../../harness/index.ts';
import type { Scenario } from '../../harness/model/scenario.ts';

const command = ['node', 'scripts/prove/planted-service.ts'] as const;

const twoServices = defineSystem({
  name: 'planted',
  entry: 'front',
  services: {
    front: { command, ready: '/readyz', calls: { back: 'BACK_URL' } },
    back: { command, ready: '/readyz' },
  },
  breakers: {},
});

/** A storm of 1.5 s, and room for a recovery of up to 4 s. */
export function plantedScenario({
  ratePerSecond,
  availability,
}: {
  readonly ratePerSecond: number;
  readonly availability: number;
}): Scenario {
  return {
    ...defineScenario(twoServices, {
      title: 'Users are served again at a moment that is known',
      load: openLoad({ ratePerSecond, requests: [get('item', '/item/{seq}')] }),
      warmup: '500ms',
      baseline: '1500ms',
      faults: [{ name: 'storm', inject: httpStatus('front->back', { status: 503 }), from: '0s', for: '1500ms' }],
      recovery: '6s',
      expect: [recovery({ of: 'storm', within: '4s', availability, p95Ms: 200, holdFor: '1s' })],
    }),
    name: 'planted',
  };
}
