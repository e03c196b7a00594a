import { launch } from './containers/launch.ts';
import type { ContainerParts } from './containers/parts.ts';
import { reusing } from './containers/reusing.ts';
import type { EnvironmentDriver } from './contract.ts';
import { netemReason } from './netem.ts';

/** Services in containers of their own, each edge through our relay and a real Toxiproxy. */
export function docker(parts: ContainerParts): EnvironmentDriver {
  return {
    kind: 'docker',
    powers: ['tcp', 'http', 'tap', 'process', 'container', 'backing', 'stdout', 'readiness'],
    lacks: {
      // Read when it is asked for: most plans are about other things than the kernel.
      get netem() {
        return netemReason();
      },
    },
    describe: () => 'containers of their own, behind a relay and a real Toxiproxy',
    ...reusing({ launch, isReusing: ({ plan }) => plan.settings.docker?.reuse !== false }, parts),
  };
}
