// Goal: `clean` undoes what dead runs have written down and nothing else, says what it did so that a person can go on, and its exit code tells whether something is left.
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../harness/run/ledger/contract.ts';
import { ownerHere } from '../../harness/run/ledger/owner.ts';
import { fakeToxiproxy, type FakeToxiproxy } from '../contracts/undoers-world.ts';
import { deadOwner, plantLedger } from '../planted-ledger.ts';
import { fixture, halfopen, repository, temporaryFolder, type Ended } from './halfopen.ts';

/** Nobody listens there: no engine of this machine is asked. */
const NOWHERE = 'unix:///nowhere/docker.sock';

let state: string;
let toxiproxy: FakeToxiproxy;
beforeAll(async () => void (toxiproxy = await fakeToxiproxy()));
afterAll(() => toxiproxy[Symbol.asyncDispose]());
beforeEach(() => {
  state = temporaryFolder();
  toxiproxy.paths.clear();
  toxiproxy.refuses = null;
});

const clean = (...flags: readonly string[]): Promise<Ended> =>
  halfopen(['clean', ...flags], { env: { HALFOPEN_STATE: state, DOCKER_HOST: NOWHERE } });
const ledgers = (): readonly string[] => readdirSync(join(state, 'ledger')).filter((name) => name.endsWith('.jsonl'));

/** A toxic in force that this run has written down. */
function toxicOf(runId: string, proxy = 'orders'): Entry {
  toxiproxy.paths.add(`/proxies/${proxy}/toxics/storm-${runId}`);
  return { kind: 'toxic', controlUrl: toxiproxy.controlUrl, proxy, toxic: `storm-${runId}` };
}

describe('clean', () => {
  test('says that nothing is left, where it looked, and why no engine was asked', async () => {
    const { code, stdout } = await clean();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Nothing is left behind\. Looked into .*\/ledger; no container engine was asked: .*\/nowhere\/docker\.sock.*\n$/,
    );
    expect(existsSync(join(state, 'ledger'))).toBe(false);
  });

  test('undoes what dead runs have left, names each thing, and leaves the living alone', async () => {
    const dead = deadOwner('dead1');
    plantLedger(state, { owner: dead, engine: NOWHERE, entries: [toxicOf('dead1'), toxicOf('dead1', 'payments')] });
    plantLedger(state, { owner: deadOwner('dead2'), engine: NOWHERE, entries: [toxicOf('dead2')] });
    plantLedger(state, { owner: ownerHere('living'), engine: NOWHERE, entries: [toxicOf('living')] });
    toxiproxy.paths.add('/proxies/orders/toxics/of-the-team');
    toxiproxy.paths.delete('/proxies/orders/toxics/storm-dead2');
    const { code, stdout } = await clean();
    expect(code, stdout).toBe(0);
    const url = toxiproxy.controlUrl;
    expect(stdout).toContain(
      [
        `run dead1 (process ${dead.pid} has ended)`,
        `  ✓ toxic storm-dead1 on orders at ${url}`,
        `  ✓ toxic storm-dead1 on payments at ${url}`,
        '',
      ].join('\n'),
    );
    expect(stdout).toContain(`  · toxic storm-dead2 on orders at ${url} was gone already\n`);
    expect(stdout).toContain(`run living (process ${process.pid} runs): one thing left alone\n`);
    expect(stdout).toMatch(/\n2 things undone, nothing is left\. Looked into /);
    expect([...toxiproxy.paths].toSorted()).toEqual(['/proxies/orders/toxics/of-the-team', '/proxies/orders/toxics/storm-living']);
    expect(ledgers()).toEqual(['living.jsonl']);
  });

  test('--dry-run only says what it would do', async () => {
    plantLedger(state, {
      owner: deadOwner('dead'),
      engine: NOWHERE,
      entries: [toxicOf('dead'), { kind: 'network', name: 'halfopen-dead' }],
    });
    const { code, stdout } = await clean('--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^run dead .*\n {4}toxic storm-dead on orders .*\n {4}network halfopen-dead\n2 things would be undone\./);
    expect([toxiproxy.paths.size, ledgers()]).toEqual([1, ['dead.jsonl']]);
  });

  test('ends with 3 where something is left, with the reason and the command, and keeps it written down', async () => {
    const container: Entry = { kind: 'container', name: 'halfopen-dead-orders' };
    plantLedger(state, { owner: deadOwner('dead'), engine: NOWHERE, entries: [container, toxicOf('dead')] });
    const { code, stdout } = await clean();
    expect(code).toBe(3);
    expect(stdout).toMatch(
      / {2}✗ container halfopen-dead-orders: .*no container engine answers at .*\n {6}→ docker rm -f -v halfopen-dead-orders\n/,
    );
    expect(stdout).toMatch(/\none thing undone, 1 left\. /);
    expect(toxiproxy.paths.size).toBe(0);
    const again = await clean('--dry-run');
    expect(again.stdout).toContain('container halfopen-dead-orders');
    expect(again.stdout).not.toContain('storm-dead');
  });

  test('takes nothing for gone that lies with another engine', async () => {
    const entries: readonly Entry[] = [{ kind: 'volume', name: 'halfopen-dead-data' }, toxicOf('dead')];
    plantLedger(state, { owner: deadOwner('dead'), engine: 'ssh://elsewhere', entries });
    const { code, stdout } = await clean();
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /✗ volume halfopen-dead-data: it lies with the engine at ssh:\/\/elsewhere, .*\n {6}→ DOCKER_HOST=ssh:\/\/elsewhere npx halfopen clean/,
    );
    expect(ledgers()).toEqual(['dead.jsonl']);
    expect(toxiproxy.paths.size).toBe(0);
  });

  test('leaves alone what belongs to another boot or machine, unless --all says otherwise', async () => {
    const owner = { ...deadOwner('elsewhere'), bootId: 'another-boot.1' };
    plantLedger(state, { owner, engine: NOWHERE, entries: [toxicOf('elsewhere')] });
    const careful = await clean();
    expect(careful.code).toBe(0);
    expect(careful.stdout).toContain(
      'belongs to another machine, boot or process namespace): one thing left alone (way out: halfopen clean --all)',
    );
    expect(toxiproxy.paths.size).toBe(1);
    const all = await clean('--all');
    expect(all.code).toBe(0);
    expect([toxiproxy.paths.size, ledgers()]).toEqual([0, []]);
  });

  test('--all never touches the living', async () => {
    plantLedger(state, { owner: ownerHere('living'), engine: NOWHERE, entries: [toxicOf('living')] });
    const { code } = await clean('--all');
    expect([code, toxiproxy.paths.size]).toEqual([0, 1]);
  });

  test('tells of a ledger that cannot be read, with 3, and --forget gives it up', async () => {
    const path = plantLedger(state, { owner: deadOwner('dead'), engine: NOWHERE, entries: [toxicOf('dead')] });
    appendFileSync(path, '{"made":{"kind":"spaceship"}}\n');
    mkdirSync(join(state, 'ledger', 'folder.jsonl'));
    const first = await clean();
    expect(first.code).toBe(3);
    expect(first.stdout).toMatch(
      /✗ .*dead\.jsonl: line 3 cannot be read: .*spaceship.*\n {6}→ look into it; `halfopen clean --forget dead` gives it up/,
    );
    expect(toxiproxy.paths.size).toBe(0);
    expect(first.stdout).toContain('folder.jsonl cannot be read, and is left alone: EISDIR');
    const second = await clean('--forget', 'dead');
    expect(second.code).toBe(0);
    expect(ledgers()).toEqual(['folder.jsonl']);
  });

  test('--forget refuses runs that are unknown or alive', async () => {
    plantLedger(state, { owner: ownerHere('living'), engine: NOWHERE, entries: [toxicOf('living')] });
    plantLedger(state, { owner: deadOwner('deadrun'), engine: NOWHERE, entries: [toxicOf('deadrun')] });
    for (const [id, hint] of [
      ['living', 'expected one of deadrun, found "living"'],
      ['deadrum', "did you mean 'deadrun'?"],
    ] as const) {
      const { code, stderr } = await clean('--forget', id);
      expect(code).toBe(2);
      expect(stderr).toContain(hint);
    }
    expect(toxiproxy.paths.size).toBe(2);
  });

  test('says so where the folder of ledgers cannot be read', async () => {
    writeFileSync(join(state, 'ledger'), '');
    const { code, stderr } = await clean();
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Cannot look for what dead runs have left in .*HALFOPEN_STATE/);
  });
});

describe('what a dead run has left', () => {
  test('is undone by the next run, whatever its environment, which says so and goes on', async () => {
    plantLedger(state, { owner: deadOwner('dead'), engine: NOWHERE, entries: [toxicOf('dead')] });
    const args = ['run', 'holds', '--pace', 'fast', '--output', temporaryFolder()];
    const { stdout } = await halfopen(args, { env: { HALFOPEN_STATE: state, DOCKER_HOST: NOWHERE } });
    expect(stdout).toContain(`undone what a dead run had left: toxic storm-dead on orders at ${toxiproxy.controlUrl}`);
    expect(stdout).toContain('phase recovery');
    expect([toxiproxy.paths.size, ledgers()]).toEqual([0, []]);
  });

  test('is told by doctor, with the way out', async () => {
    plantLedger(state, { owner: deadOwner('dead'), engine: NOWHERE, entries: [toxicOf('dead')] });
    const { stdout } = await halfopen(['doctor'], { env: { HALFOPEN_STATE: state, DOCKER_HOST: NOWHERE } });
    expect(stdout).toMatch(/! leftovers +a run has left toxic storm-dead on orders at .*\n +→ npx halfopen clean\n/);
    expect(stdout).toMatch(
      /! engine +.*no container engine answers at unix:\/\/\/nowhere.*\n +→ start Docker, or let DOCKER_HOST name an engine/,
    );
    expect(toxiproxy.paths.size).toBe(1);
  });
});

test('an engine that this user may not use is told from one that is not there', async () => {
  const socket = join(temporaryFolder(), 's');
  chmodSync(join(socket, '..'), 0o755);
  const server = createServer().listen(socket);
  await once(server, 'listening');
  chmodSync(socket, 0o000);
  // Root may use any socket: it looks as somebody else.
  const other = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const env = { PATH: process.env['PATH'], DOCKER_HOST: `unix://${socket}`, HALFOPEN_STATE: join(socket, '../state') };
  const stdout = await new Promise<string>((resolve) => {
    const args = [join(repository, 'bin/halfopen.js'), 'doctor'];
    execFile(process.execPath, args, { cwd: fixture, env, ...other }, (_, text) => resolve(text));
  });
  server.close();
  expect(stdout).toMatch(
    /! engine +.*\/s is there, and user \w+ may not use it; the embedded environment does without\n +→ sudo usermod -aG docker \w+/,
  );
});
