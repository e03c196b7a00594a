export const exampleSystem = `import { defineSystem, stdoutEvents } from 'halfopen';

/** What runs and who calls whom: each entry of 'calls' becomes an edge with a fault proxy in it, here 'web->backend'. */
export const example = defineSystem({
  name: 'example',
  entry: 'web',
  services: {
    web: { command: ['node', 'services/web.mjs'], ready: '/readyz', calls: { backend: 'BACKEND_URL' } },
    backend: { command: ['node', 'services/backend.mjs'], ready: '/readyz' },
  },
  breakers: { 'web.backend': { service: 'web', edge: 'web->backend', probe: stdoutEvents() } },
});
`;

export const backendOutage = `import { availability, breaker, defineScenario, get, httpStatus, openLoad, recovery } from 'halfopen';
import { example } from './example.system.ts';

export default defineScenario(example, {
  title: 'A backend outage opens the breaker, users get the last greeting, and the real one soon after',
  tags: ['@smoke'],
  load: openLoad({
    ratePerSecond: 40,
    requests: [get('greeting', '/', { observe: { degraded: ['/_stale', '/_unavailable'], value: '/greeting' } })],
  }),
  warmup: '1s',
  baseline: '3s',
  faults: [{ name: 'outage', inject: httpStatus('web->backend', { status: 503 }), from: '0s', for: '3s' }],
  recovery: '5s',
  expect: [
    breaker('web.backend').opens({ within: '2s', of: 'outage' }),
    breaker('web.backend').visits(['closed', 'open', 'half-open', 'closed']),
    availability({ request: 'greeting', during: 'outage', min: 0.95, countDegraded: true }),
    recovery({ of: 'outage', within: '3s', availability: 0.95, p95Ms: 500, holdFor: '1s' }),
  ],
});
`;

export const config = `import { defineConfig } from 'halfopen';

export default defineConfig({
  scenarios: ['scenarios'],
  output: 'reports',
});
`;
