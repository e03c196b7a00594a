// Goal: a run against a place that is not allowed sends nothing anywhere and exits 2; the plan says what is different where services run already.
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { startProxyServer } from '../../harness/run/proxy/server.ts';
import { PROXY, askToxiproxy, routeThrough, startPair } from '../integration/attach-rig.ts';
import { eventually, halfopen, start, temporaryFolder, temporaryProject } from './halfopen.ts';

const SYSTEM = `import { defineSystem, stdoutEvents } from 'halfopen';
export const pair = defineSystem({
  name: 'pair', entry: 'gateway',
  services: {
    gateway: { command: ['node', 'never.ts'], calls: { payments: 'PAYMENTS_URL' } },
    payments: { command: ['node', 'never.ts'], ready: '/readyz' },
  },
  breakers: { 'gateway.payments': { service: 'gateway', edge: 'gateway->payments', probe: stdoutEvents() } },
});
`;

const SCENARIO = `import { availability, breaker, defineScenario, get, latency, openLoad, retries } from 'halfopen';
import { pair } from './pair.system.ts';
export default defineScenario(pair, {
  title: 'Payments are slow where they run', 
  load: openLoad({ ratePerSecond: 30, requests: [get('quote', '/quote')] }),
  baseline: '1s',
  faults: [{ name: 'slowness', inject: latency('gateway->payments', { delay: '200ms' }), from: '0s', for: '1500ms' }],
  recovery: '1s',
  expect: [EXPECTED],
});
`;
const TOLD = `availability({ during: 'slowness', min: 0.9 })`;
const BLIND = `retries({ edge: 'gateway->payments', amplificationMax: 2 }), breaker('gateway.payments').staysClosed()`;

function project(config: object, expected = TOLD): string {
  return temporaryProject({
    'halfopen.config.ts': `import { defineConfig } from 'halfopen';\nexport default defineConfig(${JSON.stringify({ environment: 'attach', ...config })});\n`,
    'scenarios/pair.system.ts': SYSTEM,
    'scenarios/slow.chaos.ts': SCENARIO.replace('EXPECTED', expected),
  });
}

const undo: (() => void)[] = [];
afterEach(() => undo.splice(0).forEach((done) => done()));

/** A port on every address of this machine, and how many connections it saw. */
async function counted(): Promise<{ readonly port: number; seen(): number }> {
  let seen = 0;
  const server = createServer((socket) => {
    seen++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  undo.push(() => void server.close());
  return { port: (server.address() as AddressInfo).port, seen: () => seen };
}

describe('attach refuses', () => {
  test('targets that are not allowed, all at once, and sends nothing', async () => {
    const { port, seen } = await counted();
    const attach = { toxiproxy: `http://0.0.0.0:${port}`, entry: 'http://staging.example.com:80' };
    const { code, stderr } = await halfopen(['run'], { cwd: project({ attach }) });
    expect(code).toBe(2);
    expect(stderr).toContain('config.attach.toxiproxy');
    expect(stderr).toContain("allowTargets: ['staging.example.com']");
    expect(stderr).toContain('nothing was started');
    expect(seen()).toBe(0);
  });

  test('to run where nobody said where the services are', async () => {
    const { code, stderr } = await halfopen(['run'], { cwd: project({}) });
    expect(code).toBe(2);
    expect(stderr).toContain('config.attach: expected where the services and their Toxiproxy are');
  });

  test('a scenario of which nothing could be told, and variables for services that it does not start', async () => {
    const cwd = project({ attach: { toxiproxy: 'http://127.0.0.1:1', entry: 'http://127.0.0.1:2' } }, BLIND);
    const { code, stderr } = await halfopen(['run', '--set', 'gateway.DEFECT=x'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('at least one expectation that can be told');
    expect(stderr).toContain('which starts no services');
  });
});

describe('a harness that is killed while its toxic is in force', () => {
  test('leaves no toxic and no proxy on the Toxiproxy, and what others put there stays', { timeout: 90_000 }, async () => {
    await using pairUp = await startPair();
    await using proxy = await startProxyServer({ port: 0 });
    const toxiproxy = `http://127.0.0.1:${proxy.port}`;
    await routeThrough(toxiproxy, pairUp);
    const theirs = { name: 'theirs', type: 'latency', stream: 'upstream', attributes: { latency: 1 } };
    await askToxiproxy(toxiproxy, 'POST', `/proxies/${PROXY}/toxics`, theirs);
    const cwd = project({ attach: { toxiproxy, entry: pairUp.entry, besideToxics: true } });
    const state = temporaryFolder();
    const { child, ended, untilPrinted } = start(['run'], { cwd, env: { HALFOPEN_STATE: state } });
    await untilPrinted('fault slowness acknowledged');
    const names = async (): Promise<string[]> => {
      const proxies = (await askToxiproxy(toxiproxy, 'GET', '/proxies')) as Readonly<Record<string, { toxics: { name: string }[] }>>;
      return Object.entries(proxies).flatMap(([name, { toxics }]) => [name, ...toxics.map((toxic) => toxic.name)]);
    };
    expect((await names()).filter((name) => name.startsWith('halfopen-'))).toHaveLength(2);
    // The launcher's only child is the command line itself.
    const main = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
    process.kill(main, 'SIGKILL');
    await ended;
    await eventually('the toxic and the proxy are gone', 30_000, async () =>
      (await names()).every((name) => !name.startsWith('halfopen-')),
    );
    expect((await names()).toSorted()).toEqual([PROXY, 'theirs'].toSorted());
  });
});

describe('attach', () => {
  test('says in its plan what it cannot see, where things go, and that nothing is started', async () => {
    const cwd = project({ attach: { toxiproxy: 'http://127.0.0.1:8474', entry: 'http://127.0.0.1:2' } }, `${TOLD}, ${BLIND}`);
    const { code, stdout } = await halfopen(['plan', 'slow'], { cwd });
    const text = stdout.replace(/\s+/g, ' ');
    expect(code).toBe(0);
    expect(text).toContain('nothing is started: load goes to http://127.0.0.1:2, faults to the Toxiproxy at http://127.0.0.1:8474');
    expect(text).toContain("[cannot be told in attach: needs the power 'tap']");
    expect(text).toContain('[cannot be told in attach: nobody can watch gateway.payments]');
    expect(text).toContain('not watched in attach');
    expect(text).toContain('Services, none of which is started');
  });

  test('runs against what is there, and exits 3 where the Toxiproxy has no such proxy', { timeout: 60_000 }, async () => {
    await using pairUp = await startPair();
    await using proxy = await startProxyServer({ port: 0 });
    const toxiproxy = `http://127.0.0.1:${proxy.port}`;
    const cwd = project({ attach: { toxiproxy, entry: pairUp.entry }, guards: { baselineDriftRatioMax: 100 } });
    const missing = await halfopen(['run'], { cwd });
    expect([missing.code, missing.stderr + missing.stdout]).toEqual([3, expect.stringContaining("has no proxy 'gateway--payments'")]);
    await routeThrough(toxiproxy, pairUp);
    const { code, stdout } = await halfopen(['run'], { cwd });
    expect(stdout).toMatch(/\b1 pass\b/);
    expect(code).toBe(0);
  });
});
