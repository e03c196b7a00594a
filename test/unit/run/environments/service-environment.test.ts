import { dirname } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Edge, Service, System } from '../../../../harness/model/system.ts';
import { addressIn, launchOf, serviceEnvironment } from '../../../../harness/run/environments/service-environment.ts';

const service = (extra: Partial<Service> = {}): Service => ({ command: ['node', 'a.ts'], portEnv: 'PORT', readyWithinMs: 1000, ...extra });
const edge = (extra: Partial<Edge>): Edge => ({
  name: 'orders->payments',
  caller: 'orders',
  callee: 'payments',
  env: 'PAYMENTS_URL',
  url: 'http://{host}:{port}',
  protocol: 'http',
  ...extra,
});
const system: System = {
  name: 'shop',
  entry: 'orders',
  services: {
    orders: service({ env: { MODE: 'declared', PORT: '1', PAYMENTS_URL: 'http://direct' } }),
    payments: service({ portEnv: 'LISTEN' }),
  },
  edges: [edge({}), edge({ name: 'orders->db', callee: 'db', env: 'DATABASE_URL', url: 'postgres://app@{host}:{port}/{port}' })],
  breakers: {},
};
const plan = { system, overrides: { orders: { MODE: 'overridden', DEFECT: 'x' } } };
const edges = new Map([
  ['orders->payments', { host: '127.0.0.1', port: 7001 }],
  ['orders->db', { host: '127.0.0.1', port: 7002 }],
]);

describe("a service's environment", () => {
  it('leads every call through its proxy, whatever the service or an override says', () => {
    const env = serviceEnvironment({ plan, service: 'orders', port: 5000, edges, runId: 'r1' });
    expect(env).toMatchObject({
      PORT: '5000',
      PAYMENTS_URL: 'http://127.0.0.1:7001',
      DATABASE_URL: 'postgres://app@127.0.0.1:7002/7002',
      MODE: 'overridden',
      DEFECT: 'x',
      HALFOPEN_RUN: 'r1',
    });
  });

  it('names the port as the service wants it and tells it nothing of calls that are not its own', () => {
    const env = serviceEnvironment({ plan, service: 'payments', port: 5001, edges, runId: 'r1' });
    expect(env['LISTEN']).toBe('5001');
    expect(Object.keys(env)).not.toContain('PORT');
    expect(Object.keys(env)).not.toContain('PAYMENTS_URL');
  });

  it("leaves the harness's own variables out but for the few that find programs", () => {
    vi.stubEnv('API_TOKEN', 'secret');
    vi.stubEnv('NODE_OPTIONS', '--inspect');
    const env = serviceEnvironment({ plan, service: 'payments', port: 1, edges, runId: 'r1' });
    vi.unstubAllEnvs();
    expect(Object.keys(env)).not.toContain('API_TOKEN');
    expect(Object.keys(env)).not.toContain('NODE_OPTIONS');
    expect(env['PATH']?.startsWith(`${dirname(process.execPath)}:`)).toBe(true);
  });

  it('runs `node` as the Node that runs halfopen, in the folder that the service names', () => {
    expect(launchOf(service({ cwd: 'services' }), '/project')).toEqual({ command: [process.execPath, 'a.ts'], cwd: '/project/services' });
    expect(launchOf(service({ command: ['./serve', '-p'] }), '/project')).toEqual({ command: ['./serve', '-p'], cwd: '/project' });
  });

  it('fills an address in as often as the template asks for it', () => {
    expect(addressIn('{host}:{port},{host}:{port}', { host: 'h', port: 1 })).toBe('h:1,h:1');
  });
});
