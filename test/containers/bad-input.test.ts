// Goal: what cannot be started is refused with a message that says what is wrong and what to do, with 2 (yours to mend) or 3 (the
// machine's), and nothing of it stays.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOwnEngine, type OwnEngine } from '../../scripts/prove/own-engine.ts';
import { halfopen, repository, temporaryFolder, temporaryProject, type Ended } from '../cli/halfopen.ts';
import { everythingOn } from './duo.ts';
import { describeWithOwnEngine } from './own-engine-at-hand.ts';

const IMAGES = ['node:24-slim', 'ghcr.io/shopify/toxiproxy:2.12.0', 'testcontainers/ryuk:0.14.0'];
const WITHIN_MS = 120_000;

describeWithOwnEngine('a run in containers', () => {
  let engine: OwnEngine;
  beforeAll(async () => {
    engine = await startOwnEngine(IMAGES);
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  const place = () => ({ behind: engine.inItsNetwork, env: { DOCKER_HOST: engine.host, HALFOPEN_STATE: temporaryFolder() } });

  /** Runs the scenario of a system with these services (the text of an object). */
  async function runOf(
    services: string,
    more: {
      readonly args?: readonly string[];
      /** Command lines that come first. */
      readonly before?: readonly (readonly string[])[];
      readonly files?: Readonly<Record<string, string>>;
    } = {},
  ) {
    const project = temporaryProject({
      'halfopen.config.ts': `import { defineConfig } from 'halfopen';\nexport default defineConfig({ scenarios: ['.'] });\n`,
      'service.ts': readFileSync(join(repository, 'fixtures/containers/service.ts'), 'utf8'),
      'odd.chaos.ts': `
        import { availability, defineScenario, defineSystem, get, httpStatus, openLoad } from 'halfopen';
        const system = defineSystem({ name: 'odd', entry: 'front', services: ${services} });
        export default defineScenario(system, {
          title: 'It cannot be started',
          load: openLoad({ ratePerSecond: 20, requests: [get('call', '/')] }),
          warmup: '500ms', baseline: '1s',
          faults: [{ name: 'harm', inject: httpStatus('front->back', { status: 503 }), from: '0s', for: '1s' }],
          recovery: '1s',
          expect: [availability({ during: 'recovery', min: 0.5 })],
        });`,
      ...more.files,
    });
    for (const words of more.before ?? []) expect((await halfopen(words, { ...place(), cwd: project })).code).toBe(0);
    const args = ['run', 'odd', '--output', temporaryFolder(), ...(more.args ?? ['--env', 'docker'])];
    return halfopen(args, { ...place(), cwd: project });
  }

  async function demandNothingLeft(): Promise<void> {
    expect(await everythingOn(engine)).toEqual([]);
  }

  const textOf = ({ stdout, stderr }: Ended): string => stdout + stderr;
  const front = `front: { command: ['node', 'service.ts'], files: ['service.ts'], ready: '/readyz', readyWithinMs: 4000, calls: { back: 'BACK_URL' } }`;
  const back = `back: { command: ['node', 'service.ts'], files: ['service.ts'], ready: '/readyz' }`;

  test(
    'with an image that is not here and cannot be fetched names it and the way out',
    async () => {
      const ended = await runOf(`{ ${front}, back: { image: 'nowhere.invalid/no-such-image:1', ready: '/readyz' } }`);
      expect(ended.code, textOf(ended)).toBe(3);
      expect(textOf(ended)).toContain("service 'back'");
      expect(textOf(ended)).toContain('nowhere.invalid/no-such-image:1');
      expect(textOf(ended)).toContain('way out: docker pull nowhere.invalid/no-such-image:1');
      await demandNothingLeft();
    },
    WITHIN_MS,
  );

  test(
    'with a service that never becomes ready shows how it answered and its last lines',
    async () => {
      const ended = await runOf(`{ ${front.replace('calls', `env: { MODE: 'never-ready' }, calls`)}, ${back} }`);
      expect(ended.code, textOf(ended)).toBe(3);
      expect(textOf(ended)).toContain("Cannot start service 'front'");
      expect(textOf(ended)).toContain('/readyz answered 503');
      expect(textOf(ended)).toContain('service: waiting for a licence that never comes');
      await demandNothingLeft();
    },
    WITHIN_MS,
  );

  test('with a service that ends at once shows its exit code and its last lines, without waiting for its readiness', async () => {
    const ended = await runOf(`{ ${front.replace('4000', '60000').replace('calls', `env: { MODE: 'exits' }, calls`)}, ${back} }`);
    expect(ended.code, textOf(ended)).toBe(3);
    expect(textOf(ended)).toContain("Cannot start service 'front'");
    expect(textOf(ended)).toMatch(/\b7\b/);
    expect(textOf(ended)).toContain('service: cannot read its settings');
    await demandNothingLeft();
  }, 50_000);

  test(
    'with a command that the image does not have says what the engine said',
    async () => {
      const ended = await runOf(`{ ${front}, back: { command: ['no-such-program'], files: ['service.ts'], ready: '/readyz' } }`);
      expect(ended.code, textOf(ended)).toBe(3);
      expect(textOf(ended)).toContain("service 'back'");
      expect(textOf(ended)).toContain('no-such-program');
      await demandNothingLeft();
    },
    WITHIN_MS,
  );

  test.each([
    ['longer than a host name may be', 'b'.repeat(64), 'at most 63'],
    ['that DNS cannot tell from another', 'Back', 'lower-case'],
  ])(
    'with a service whose name is %s is refused before anything starts',
    async (_, name, found) => {
      const services = `{ ${front.replace('{ back:', `{ back: 'BACK_URL', '${name}':`).replace("'BACK_URL' }", "'OTHER_URL' }")}, ${back}, '${name}': { command: ['node', 'service.ts'], files: ['service.ts'] } }`;
      const ended = await runOf(services);
      expect(ended.code, textOf(ended)).toBe(2);
      expect(textOf(ended)).toContain(found);
      expect(textOf(ended)).toContain(`services.${name}`);
      await demandNothingLeft();
    },
    WITHIN_MS,
  );

  test(
    'of a name of the longest kind comes up all the same',
    async () => {
      const name = 'b'.repeat(63);
      const ended = await runOf(
        `{ ${front}, ${back}, '${name}': { command: ['node', 'service.ts'], files: ['service.ts'], ready: '/readyz' } }`,
      );
      expect([0, 1, 4], textOf(ended)).toContain(ended.code);
      expect(textOf(ended)).toContain('fault harm withdrawn');
      await demandNothingLeft();
    },
    WITHIN_MS,
  );

  test(
    'of a compose file that wants a port of this machine which is taken names the port and the way out',
    async () => {
      // In the engine's network, where its published ports are.
      const taken = 18_080;
      const end = await occupy(engine, taken);
      try {
        const compose = `services:\n  front:\n    image: node:24-slim\n    command: [node, /app/service.ts]\n    volumes: ['./service.ts:/app/service.ts:ro']\n    environment: { PORT: '8080', BACK_URL: 'http://back:8080' }\n    ports: ['127.0.0.1:${taken}:8080']\n  back:\n    image: node:24-slim\n    command: [node, /app/service.ts]\n    volumes: ['./service.ts:/app/service.ts:ro']\n    environment: { PORT: '8080' }\n`;
        const ended = await runOf(
          `{ front: { image: 'node:24-slim', ready: '/readyz', calls: { back: 'BACK_URL' } }, back: { image: 'node:24-slim', ready: '/readyz' } }`,
          {
            before: [['compose', 'docker-compose.yml']],
            args: ['--env', 'compose'],
            files: {
              'docker-compose.yml': compose,
              'halfopen.config.ts': `import { defineConfig } from 'halfopen';\nexport default defineConfig({ scenarios: ['.'], compose: { files: ['docker-compose.yml', 'docker-compose.chaos.yml'] } });\n`,
            },
          },
        );
        expect(ended.code, textOf(ended)).toBe(3);
        expect(textOf(ended)).toContain(String(taken));
        expect(textOf(ended)).toMatch(/taken|already/);
        expect(textOf(ended)).toContain('way out');
        await demandNothingLeft();
      } finally {
        end();
      }
    },
    WITHIN_MS,
  );
});

/** Listens on a port of the engine's own loopback; answers how to stop. */
async function occupy({ inItsNetwork }: OwnEngine, port: number): Promise<() => void> {
  const program = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('listening'))`;
  const [enter = '', ...words] = inItsNetwork;
  const child = spawn(enter, [...words, process.execPath, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return () => child.kill();
}
