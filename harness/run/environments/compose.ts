import { launchCompose } from './compose/launch.ts';
import type { ContainerParts } from './containers/parts.ts';
import { reusing } from './containers/reusing.ts';
import type { EnvironmentDriver } from './contract.ts';
import { netemReason } from './netem.ts';

/** The services of the user's compose files, each edge through the relay and the Toxiproxy that `halfopen compose` put there. */
export function compose(parts: ContainerParts): EnvironmentDriver {
  return {
    kind: 'compose',
    powers: ['tcp', 'http', 'tap', 'process', 'container', 'backing', 'stdout', 'readiness'],
    lacks: {
      get netem() {
        return netemReason();
      },
    },
    describe: () => 'the services of compose files, behind a relay and a real Toxiproxy',
    ...reusing({ launch: launchCompose, isReusing: ({ plan }) => plan.settings.compose?.reuse !== false }, parts),
  };
}
