// Goal: what a harness has written down is undone when it dies, however it dies, and not a moment before; a harness that has crossed everything out leaves nobody behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { undoDeadRuns } from '../../harness/run/dead-runs.ts';
import { eventually } from '../cli/halfopen.ts';
import { deadOwner, plantLedger } from '../planted-ledger.ts';
import { fakeToxiproxy, type FakeToxiproxy } from '../contracts/undoers-world.ts';

const LEDGER = new URL('../../harness/run/ledger/index.ts', import.meta.url).href;
/** The reaper promises 25 s for what does not go at once; a toxic does. */
const REAPED_WITHIN_MS = 15_000;

/** A harness reduced to what it writes down: obeys lines of code on its stdin, each of which it answers with a line. */
const HARNESS = `
  import { createInterface } from 'node:readline';
  import { Worker } from 'node:worker_threads';
  import { openLedger } from '${LEDGER}';
  const [folder, runId, controlUrl] = process.argv.slice(1);
  const ledger = openLedger({ folder, runId });
  const toxic = (proxy) => ({ kind: 'toxic', controlUrl, proxy, toxic: 'storm-' + runId });
  globalThis.Worker = Worker;
  for await (const line of createInterface({ input: process.stdin })) {
    await eval('(async () => {' + line + '})()');
    console.log('done');
  }
`;

interface Harness {
  readonly child: ChildProcess;
  readonly pid: number;
  does(code: string): Promise<void>;
  /** Processes that it has started and that live. */
  children(): readonly number[];
}

let folder: string;
let toxiproxy: FakeToxiproxy;
const started: ChildProcess[] = [];

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'halfopen-reaper-')), 'ledger');
  toxiproxy = await fakeToxiproxy();
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await toxiproxy[Symbol.asyncDispose]();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

let runs = 0;

async function startHarness(
  env: Readonly<Record<string, string>> = {},
): Promise<Harness & { readonly runId: string; note(proxy: string): Promise<void> }> {
  const runId = `reaped${process.pid}x${runs++}`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', HARNESS, folder, runId, toxiproxy.controlUrl];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  started.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const does = async (code: string): Promise<void> => {
    child.stdin.write(`${code.replaceAll('\n', ' ')}\n`);
    expect((await lines.next()).value).toBe('done');
  };
  const pid = child.pid ?? 0;
  return {
    child,
    pid,
    runId,
    does,
    children: () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    async note(proxy) {
      await does(`ledger.note(toxic('${proxy}'))`);
      toxiproxy.paths.add(`/proxies/${proxy}/toxics/storm-${runId}`);
    },
  };
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);
/** SIGHUP, SIGINT and SIGTERM have handlers: before, they would end it as they end any process. */
function takesSignals(pid: number): boolean {
  const caught = BigInt(`0x${/^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'}`);
  return (caught & 0x4003n) === 0x4003n;
}
const ledgers = (): readonly string[] => readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
const reaped = (): Promise<void> => eventually('every toxic is gone', REAPED_WITHIN_MS, () => toxiproxy.paths.size === 0);

const ENDS: readonly (readonly [how: string, end: (harness: Harness) => unknown])[] = [
  ['is killed', ({ pid }: Harness) => process.kill(pid, 'SIGKILL')],
  ['is killed with its whole process group', ({ pid }: Harness) => process.kill(-pid, 'SIGKILL')],
  ['is ended by a closed terminal', ({ pid }: Harness) => process.kill(-pid, 'SIGHUP')],
  ['leaves at once', ({ child }: Harness) => child.stdin?.write('process.exit(130)\n')],
  ['throws', ({ child }: Harness) => child.stdin?.write('setTimeout(() => { throw 1; })\n')],
];

describe.runIf(process.platform === 'linux')('a harness that', () => {
  test.each(ENDS)('%s leaves no toxic in force, and the log says so', async (_, end) => {
    const harness = await startHarness();
    await harness.note('orders');
    await harness.note('payments');
    toxiproxy.paths.add('/proxies/orders/toxics/of-the-team');
    const [reaper = 0] = harness.children();
    end(harness);
    await once(harness.child, 'exit');
    await eventually('only the foreign toxic is left', REAPED_WITHIN_MS, () => toxiproxy.paths.size === 1);
    expect([...toxiproxy.paths]).toEqual(['/proxies/orders/toxics/of-the-team']);
    await eventually('the reaper has ended', REAPED_WITHIN_MS, () => !isAlive(reaper));
    expect(ledgers()).toEqual([]);
    const log = readFileSync(join(folder, 'reaper.log'), 'utf8');
    expect(log).toMatch(
      new RegExp(`run ${harness.runId} \\(process ${harness.pid} has ended.*\\): toxic storm-${harness.runId} on orders .* undone`),
    );
  });

  test('lives keeps its toxics, whatever signal its reaper gets', async () => {
    const harness = await startHarness();
    await harness.note('orders');
    const [reaper = 0] = harness.children();
    expect(readFileSync(`/proc/${reaper}/cmdline`, 'utf8')).toContain('reaper');
    await eventually('the reaper takes signals itself', 5000, () => takesSignals(reaper));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(reaper, signal);
    process.kill(harness.pid, 'SIGSTOP');
    expect(toxiproxy.asked).toEqual([]);
    process.kill(harness.pid, 'SIGKILL');
    await reaped();
  });

  test('has crossed everything out leaves no file, and its reaper ends without asking anybody', async () => {
    const harness = await startHarness();
    await harness.note('orders');
    const [reaper = 0] = harness.children();
    toxiproxy.paths.clear();
    await harness.does(`ledger.strike(toxic('orders')); ledger[Symbol.dispose]()`);
    await eventually('the reaper has ended', REAPED_WITHIN_MS, () => !isAlive(reaper));
    expect([ledgers(), toxiproxy.asked, isAlive(harness.pid)]).toEqual([[], [], true]);
  });

  test('loses its reaper gets another one with the next note', async () => {
    const harness = await startHarness();
    await harness.note('orders');
    const [first = 0] = harness.children();
    process.kill(first, 'SIGKILL');
    await eventually('the first reaper is gone', 5000, () => !isAlive(first));
    await harness.note('payments');
    const [second] = harness.children();
    expect(second).toBeGreaterThan(0);
    expect(second).not.toBe(first);
    process.kill(harness.pid, 'SIGKILL');
    await reaped();
  });

  test('ends a thread that wrote things down keeps them until it is dead itself', async () => {
    const harness = await startHarness();
    const runId = `${harness.runId}thread`;
    const code = `const { openLedger } = await import('${LEDGER}');
      openLedger({ folder: '${folder}', runId: '${runId}' }).note({ kind: 'toxic', controlUrl: '${toxiproxy.controlUrl}', proxy: 'orders', toxic: 'storm-${runId}' });`;
    const url = `data:text/javascript,${encodeURIComponent(code).replaceAll("'", '%27')}`;
    await harness.does(`await new Promise((resolve, reject) => new Worker(new URL('${url}')).once('exit', resolve).once('error', reject))`);
    toxiproxy.paths.add(`/proxies/orders/toxics/storm-${runId}`);
    const log = join(folder, 'reaper.log');
    await eventually('the reaper notices', REAPED_WITHIN_MS, () => readFileSync(log, 'utf8').includes('waiting for its end'));
    expect(ledgers()).toEqual([`${runId}.jsonl`]);
    expect(toxiproxy.asked).toEqual([]);
    process.kill(harness.pid, 'SIGKILL');
    await reaped();
  });

  test('dies without a reaper leaves it to the next run, which tells of it once', async () => {
    const harness = await startHarness({ HALFOPEN_REAPER: 'off' });
    await harness.note('orders');
    expect(harness.children()).toEqual([]);
    const next = (): Promise<string | null> => undoDeadRuns({ folder, signal: new AbortController().signal });
    expect(await next()).toBeNull();
    expect(toxiproxy.paths.size).toBe(1);
    process.kill(harness.pid, 'SIGKILL');
    await once(harness.child, 'exit');
    expect(await next()).toBe(`undone what a dead run had left: toxic storm-${harness.runId} on orders at ${toxiproxy.controlUrl}`);
    expect([toxiproxy.paths.size, ledgers()]).toEqual([0, []]);
    expect(await next()).toBeNull();
  });

  test('leaves what the next run cannot undo is named once, with the way out, and stays written down', async () => {
    const harness = await startHarness({ HALFOPEN_REAPER: 'off' });
    await harness.note('orders');
    process.kill(harness.pid, 'SIGKILL');
    await once(harness.child, 'exit');
    toxiproxy.refuses = 500;
    const next = (): Promise<string | null> => undoDeadRuns({ folder, signal: new AbortController().signal });
    expect(await next()).toMatch(
      /^a dead run has left toxic storm-.*, which could not be undone: .* answers 500 \(way out: halfopen clean\)$/,
    );
    expect(await next()).toBeNull();
    expect(ledgers()).toEqual([`${harness.runId}.jsonl`]);
  });
});

test('the next run names what belongs to another boot, and leaves it alone', async () => {
  const owner = { ...deadOwner(`elsewhere${runs++}`), bootId: 'another-boot.1' };
  const toxic = `storm-${owner.runId}`;
  toxiproxy.paths.add(`/proxies/orders/toxics/${toxic}`);
  plantLedger(join(folder, '..'), {
    owner,
    engine: 'unix:///nowhere',
    entries: [{ kind: 'toxic', controlUrl: toxiproxy.controlUrl, proxy: 'orders', toxic }],
  });
  const note = await undoDeadRuns({ folder, signal: new AbortController().signal });
  expect(note).toBe(
    `run ${owner.runId} may have left one thing: process ${owner.pid} belongs to another machine, boot or process namespace (way out: halfopen clean --all)`,
  );
  expect([toxiproxy.asked, ledgers()]).toEqual([[], [`${owner.runId}.jsonl`]]);
});
