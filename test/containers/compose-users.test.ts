/**
 * Goal: compose files that halfopen has never seen get an overlay that works by hand, without a harness, and with one: calls pass the relay,
 * a toxic on Toxiproxy is felt, and nothing is left.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { System } from '../../harness/model/system.ts';
import { PROJECT_LABEL } from '../../harness/run/environments/containers/undo.ts';
import { reservePort } from '../../harness/run/environments/ports.ts';
import type { TapRecord } from '../../harness/run/proxy/contract.ts';
import { connectProxy } from '../../harness/run/proxy/client.ts';
import { halfopen, repository } from '../cli/halfopen.ts';
import { drivers, rigOf } from '../integration/environment-rig.ts';
import { describeWithEngine } from './engine-at-hand.ts';

interface User {
  readonly fixture: string;
  readonly files: readonly string[];
  readonly profiles: readonly string[];
  readonly systemFile: string;
  readonly system: () => Promise<System>;
  /** The caller's port inside its container, the caller and the edge. */
  readonly entry: string;
  readonly port: number;
  readonly edge: string;
  /** What the overlay must say of this style. */
  readonly says: readonly string[];
}

const USERS: readonly User[] = [
  {
    fixture: 'profiles',
    files: ['docker-compose.yml'],
    profiles: ['shop'],
    systemFile: 'bookshop.system.ts',
    system: async () => (await import('../../fixtures/compose/profiles/bookshop.system.ts')).bookshop,
    entry: 'web',
    port: 7000,
    edge: 'web->books',
    // The two meet on the inner network alone.
    says: ['      back: {}'],
  },
  {
    fixture: 'extends',
    files: ['compose.yaml'],
    profiles: [],
    systemFile: 'depot.system.ts',
    system: async () => (await import('../../fixtures/compose/extends/depot.system.ts')).depot,
    entry: 'front',
    port: 7100,
    edge: 'front->stock',
    says: ['"upstream":"stock:7150"'],
  },
  {
    fixture: 'fixed-names',
    files: ['docker-compose.yml'],
    profiles: [],
    systemFile: 'acme.system.ts',
    system: async () => (await import('../../fixtures/compose/fixed-names/acme.system.ts')).acme,
    entry: 'api',
    port: 7200,
    edge: 'api->tickets',
    says: ['container_name: !reset null', 'aliases: [acme-tickets]', 'ports: !reset []'],
  },
];

const run = promisify(execFile);
const ASK = (port: number): string => `fetch('http://127.0.0.1:${port}/ask').then((answer) => answer.text()).then(console.log)`;

describeWithEngine('compose files of users', () => {
  describe.each(USERS)('$fixture', (user) => {
    const folder = mkdtempSync(join(tmpdir(), 'halfopen-users-'));
    const project = `halfopen-users-${user.fixture}-${process.pid}`;
    const overlay = join(folder, 'docker-compose.chaos.yml');
    let env: Readonly<Record<string, string | undefined>>;
    let ports: Readonly<Record<'relay' | 'toxiproxy', number>>;

    const compose = async (...args: readonly string[]): Promise<string> => {
      const files = [...user.files, 'docker-compose.chaos.yml'].flatMap((file) => ['-f', file]);
      const profiles = user.profiles.flatMap((profile) => ['--profile', profile]);
      return (await run('docker', ['compose', '-p', project, ...files, ...profiles, ...args], { cwd: folder, env })).stdout;
    };
    const ask = async (): Promise<{ readonly text: string; readonly tookMs: number }> => {
      const begun = performance.now();
      const text = await compose('exec', '-T', user.entry, 'node', '-e', ASK(user.port));
      return { text: text.trim(), tookMs: performance.now() - begun };
    };
    const write = (...flags: readonly string[]) =>
      halfopen(['compose', ...user.files, '--system', user.systemFile, '--drop-ports', ...flags], { cwd: folder });

    beforeAll(async () => {
      cpSync(join(repository, 'fixtures/compose', user.fixture), folder, { recursive: true });
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(repository, join(folder, 'node_modules/halfopen'));
      ports = { relay: await reservePort(), toxiproxy: await reservePort() };
      env = {
        ...process.env,
        HALFOPEN_RELAY_PORT: String(ports.relay),
        HALFOPEN_TOXIPROXY_PORT: String(ports.toxiproxy),
        HALFOPEN_SENTINEL_PORT: String(await reservePort()),
      };
    });
    afterAll(async () => {
      await compose('down', '--volumes', '--timeout', '2');
      rmSync(folder, { recursive: true, force: true });
    });

    it('gets an overlay without a warning of its wiring, the same each time, that --check holds to its inputs', async () => {
      const first = await write();
      expect(first.code, first.stderr).toBe(0);
      expect(first.stderr.split('\n').filter((line) => line.includes(user.edge))).toEqual([]);
      const text = readFileSync(overlay, 'utf8');
      for (const said of user.says) expect(text).toContain(said);
      expect(text).toContain('source: "./node_modules/halfopen"');
      const second = await write();
      expect(second.stdout).toContain('is up to date');
      expect(readFileSync(overlay, 'utf8')).toBe(text);
      expect((await write('--check')).code).toBe(0);
    });

    it('works by hand: calls pass the relay, a toxic is felt, nothing is left', async () => {
      await compose('up', '--detach');
      const records: TapRecord[] = [];
      const signal = AbortSignal.timeout(120_000);
      const relay = await connectProxy({
        controlUrl: `http://127.0.0.1:${ports.relay}`,
        onTap: (batch) => records.push(...batch),
        onLost: () => undefined,
        signal,
      });
      const healthy = await ask();
      expect(JSON.parse(healthy.text)).toMatchObject({ name: user.entry, callee: { name: user.edge.split('->')[1] } });
      await relay.flush(signal);
      expect(records.map(({ edge, status }) => [edge, status])).toContainEqual([user.edge, 200]);

      const toxics = `http://127.0.0.1:${ports.toxiproxy}/proxies/${user.edge.replace('->', '--')}/toxics`;
      const added = await fetch(toxics, {
        method: 'POST',
        body: JSON.stringify({ name: 'slow', type: 'latency', attributes: { latency: 3000 } }),
      });
      expect(added.status).toBe(200);
      const slow = await ask();
      expect(JSON.parse(slow.text)).toMatchObject({ callee: {} });
      expect(slow.tookMs).toBeGreaterThan(2900);
      await relay.flush(signal);
      expect(records.some(({ edge, startedUs, endedUs }) => edge === user.edge && endedUs - startedUs > 2_900_000)).toBe(true);
      await fetch(`${toxics}/slow`, { method: 'DELETE' });
      await relay[Symbol.asyncDispose]();

      await compose('down', '--volumes', '--timeout', '2');
      for (const what of ['ps -a', 'network ls', 'volume ls']) {
        const { stdout } = await run('docker', [...what.split(' '), '-q', '--filter', `label=${PROJECT_LABEL}=${project}`]);
        expect(stdout).toBe('');
      }
    });

    it('serves a run beside the stack that its team has up', async () => {
      // The team's own, under its fixed names: a run must neither clash with it nor take it down.
      const own = (...args: readonly string[]) =>
        run(
          'docker',
          [
            'compose',
            ...user.files.flatMap((file) => ['-f', file]),
            ...user.profiles.flatMap((profile) => ['--profile', profile]),
            ...args,
          ],
          { cwd: folder },
        );
      await own('up', '--detach');
      try {
        const system = await user.system();
        const rig = await rigOf(system.services, system.edges, drivers.compose, {
          projectFolder: folder,
          settings: { compose: { files: [...user.files, 'docker-compose.chaos.yml'], profiles: user.profiles, reuse: false } },
        });
        await using _ = rig;
        const { entry, proxy, [Symbol.asyncDispose]: dispose } = await rig.up();
        const answer = await (await fetch(`http://${entry.host}:${entry.port}/ask`)).text();
        expect(JSON.parse(answer)).toMatchObject({ callee: { name: user.edge.split('->')[1] } });
        await proxy.flush(AbortSignal.timeout(10_000));
        const edges = rig.records.flatMap((record) => (record.table === 'exchanges' ? [record.row.edge] : []));
        expect(edges).toEqual([user.edge]);
        await dispose();
        const running = (await own('ps', '--services', '--status', 'running')).stdout.split('\n').filter((line) => line !== '');
        expect(running).toContain(user.entry);
      } finally {
        await own('down', '--volumes', '--timeout', '2');
      }
    });
  });
});
