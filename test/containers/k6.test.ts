/**
 * Goal: k6 sends the load from inside the containers' network: the same scenarios pass and fail there, it calls the entry by its name, and
 * whatever ends the run, its container is gone with the others.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { get, openLoad } from '../../harness/scenario/load.ts';
import { RUN_LABEL } from '../../harness/run/ledger/contract.ts';
import { startInside } from '../../harness/run/load/k6/in-container.ts';
import { eventually, repository, runFolder, start, temporaryFolder, type Started } from '../cli/halfopen.ts';
import { TWINS } from '../corpus/twins.ts';
import { expectCaught, expectPass } from '../corpus/until-decided.ts';
import { drivers, ECHO, rigOf, script, until } from '../integration/environment-rig.ts';
import { k6AtHand } from '../integration/k6-at-hand.ts';
import { offerToK6 } from '../integration/k6-rig.ts';
import { runScript, template, thresholdsIn, told } from '../integration/k6-script-rig.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const BACKING_IMAGES = ['postgres:15', 'redis:7', 'rabbitmq:3.10'];
/** Three tries. */
const WITHIN_MS = 400_000;
const GONE_WITHIN_MS = 30_000;
const { executable, lack } = await k6AtHand();
const K6 = `k6 in a container${lack === null ? '' : ` [skipped: ${lack}]`}`;

describeWithEngine('a program of the harness among the services', () => {
  afterEach(() => drivers.docker.release?.());

  const answerOf = (host: string, port: number): string =>
    `fetch('http://${host}:${port}/').then((r) => r.json()).then(({ pid }) => console.log('pid', pid)).catch((e) => console.log(e.cause.code))`;

  it('reaches the entry by its name, reads what is mounted and may not write there, and tells its end', async () => {
    await using rig = await rigOf({ front: script(ECHO) }, [], drivers.docker);
    const { inside } = await rig.up();
    if (inside === undefined) throw new Error('It has to offer its network.');
    expect(inside.entry).toEqual({ host: 'front', port: 8080 });
    const lines: string[] = [];
    const code = `${answerOf(inside.entry.host, inside.entry.port)}.then(() => {
      const { readdirSync, writeFileSync } = require('node:fs');
      console.log(process.cwd(), readdirSync('.').length > 0);
      try { writeFileSync('x', ''); } catch ({ code }) { console.log(code); }
      process.exitCode = 7;
    })`;
    const program = await inside.run({
      name: 'probe',
      command: ['node', '-e', code],
      env: {},
      mounts: [rig.runFolder],
      workingFolder: rig.runFolder,
      onLine: (line) => lines.push(line),
    });
    expect(program.address).toBeNull();
    expect(await program.exited).toEqual({ exitCode: 7, isOomKilled: false });
    expect(lines).toEqual([expect.stringMatching(/^pid \d+$/), `${rig.runFolder} true`, 'EROFS']);
  });

  it('ends when it is told to, and is removed with the run, whose services stay for the next', async () => {
    await using rig = await rigOf({ front: script(ECHO) }, [], drivers.docker);
    const system = await rig.up();
    const named = (): readonly string[] =>
      execFileSync('docker', ['ps', '-a', '--filter', `label=${RUN_LABEL}=${rig.runId}`, '--format', '{{.Names}}'], { encoding: 'utf8' })
        .trim()
        .split('\n');
    const lines: string[] = [];
    const program = await system.inside?.run({
      name: 'server',
      command: ['node', '-e', `require('node:http').createServer((q, r) => r.end('here')).listen(80, () => console.log('up'))`],
      env: {},
      mounts: [],
      port: 80,
      onLine: (line) => lines.push(line),
    });
    if (program === undefined) throw new Error('It has to offer its network.');
    await until(async () => lines.includes('up'));
    expect(await (await fetch(`http://${program.address?.host}:${program.address?.port}/`)).text()).toBe('here');
    expect(named()).toContain(`halfopen-${rig.runId}-halfopen-server`);
    await program.kill();
    await program.kill();
    expect((await program.exited).exitCode).toBe(137);
    await system[Symbol.asyncDispose]();
    expect(named()).toContain(`halfopen-${rig.runId}-front`);
    expect(named()).not.toContain(`halfopen-${rig.runId}-halfopen-server`);
  });

  it('says so where what it needs is not on the engine’s machine', async () => {
    await using rig = await rigOf({ front: script(ECHO) }, [], drivers.docker);
    const { inside } = await rig.up();
    const missing = { name: 'lost', command: ['true'], env: {}, mounts: ['/no/such/place'], onLine: () => undefined };
    await expect(inside?.run(missing)).rejects.toThrow(/Cannot start container halfopen-\S+-halfopen-lost.*\/no\/such\/place/);
  });
});

describeWithEngine(K6, () => {
  afterEach(() => drivers.docker.release?.());

  const requests = [template('quote', '/quote/{sku}'), template('stock', '/stock/{sku}'), template('order', '/orders', { method: 'POST' })];
  const own = {
    executable,
    requests,
    projectFolder: repository,
    file: 'fixtures/k6/checkout.js',
    phases: { baseline: 1000, fault: 1000 },
  } as const;

  it.skipIf(lack !== null).each([1, 2])('runs a script of one’s own there, with all that it brings (%i processes)', async (instances) => {
    await using rig = await rigOf({ front: script(ECHO) }, [], drivers.docker);
    const { entry, inside } = await rig.up();
    if (inside === undefined) throw new Error('It has to offer its network.');
    const result = await runScript({ ...own, entry, inside, instances });
    const names = Array.from({ length: instances }, (_, index) => `k6-${index + 1}`);
    expect(told(result, 'program')).toEqual(names.map(() => expect.stringContaining(', in a container, calling http://front:8080')));
    expect(told(result, 'exit')).toHaveLength(instances);
    expect(Object.keys(Object.groupBy(result.rows, ({ instance }) => instance)).toSorted()).toEqual(names);
    expect(result.rows.map(({ id }) => id).toSorted((left, right) => left - right)).toEqual([...result.rows.keys()]);
    // The set-up's call is no arrival, and nothing else but what the script declares was called.
    expect(Object.keys(Object.groupBy(result.rows, ({ name }) => name)).toSorted()).toEqual(['order', 'quote', 'stock']);
    expect(result.rows.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(0.9 * result.rows.length);
    // 20 looks a second of two calls each, for two seconds, whoever shares them.
    const quotes = result.rows.filter(({ name }) => name === 'quote').length;
    expect([quotes > 30, quotes <= 42]).toEqual([true, true]);
    expect(new Set(thresholdsIn(result).map(({ metric }) => metric))).toContain('stale_quotes');
  });

  it.skipIf(lack !== null)('two processes there share a plan’s arrivals, and the recording has each of them once', async () => {
    await using rig = await rigOf({ front: script(ECHO) }, [], drivers.docker);
    const { entry, inside } = await rig.up();
    if (inside === undefined) throw new Error('It has to offer its network.');
    const load = openLoad({ ratePerSecond: 50, requests: [get('quote', '/quote')] });
    await using offer = await offerToK6({ load, entry, inside, totalMs: 1000, runId: rig.runId, k6: { executable, instances: 2 } });
    expect(await offer.load.ended).toEqual({ scheduled: 50, sent: 50 });
    expect(offer.rows.map(({ id }) => id).toSorted((left, right) => left - right)).toEqual([...offer.rows.keys()]);
    for (const { id, instance, outcome } of offer.rows) expect([instance, outcome]).toEqual([`k6-${(id % 2) + 1}`, 'ok']);
  });
});

describeWithEngine(
  K6,
  () => {
    it.skipIf(lack !== null)('says what is wrong where k6 cannot reach the harness from its container', async () => {
      await using rig = await rigOf({ front: script(ECHO) }, [], drivers.docker);
      const { inside } = await rig.up();
      if (inside === undefined) throw new Error('It has to offer its network.');
      const path = join(rig.runFolder, 'script.js');
      writeFileSync(path, 'export default function nothing() {}');
      const start = {
        instance: 'k6-1',
        executable,
        args: ['run', '--quiet', '--out', 'halfopen', path],
        env: { HALFOPEN_K6_SOCKET: join(rig.runFolder, 'nobody-listens') },
        files: [rig.runFolder],
      };
      const { output, exited } = await startInside(inside, start);
      expect(await exited).toEqual({ code: 255, signal: null });
      const [stream = Readable.from([])] = output;
      expect(await text(stream)).toMatch(/nobody-listens.*\nhalfopen: k6 runs in a container/);
    });

    it.skipIf(lack !== null).each(['docker', 'compose'])(
      'passes payments-outage with --env %s',
      (environment) => expectPass('payments-outage', '--env', environment, '--load', 'k6'),
      WITHIN_MS,
    );

    it.skipIf(lack !== null)(
      'fails a broken twin by its own expectation',
      async () => {
        const twin = TWINS.find(({ defect }) => defect === 'never-opens');
        if (twin === undefined) throw new RangeError("Cannot find the twin 'never-opens'");
        await expectCaught(twin, '--env', 'docker', '--load', 'k6');
      },
      WITHIN_MS,
    );

    it.skipIf(lack !== null).each(['SIGINT', 'SIGKILL'] as const)(
      'is gone after %s, with what was recorded kept',
      async (signal) => {
        const [state, output] = [temporaryFolder(), temporaryFolder()];
        const words = ['run', 'payments-outage', '--env', 'docker', '--load', 'k6', '--pace', 'fast', '--output', output];
        const run = start(words, { cwd: repository, env: { HALFOPEN_STATE: state } });
        await run.untilPrinted('fault storm acknowledged');
        const [ledger = ''] = readdirSync(join(state, 'ledger')).filter((name) => name.endsWith('.jsonl'));
        const runId = ledger.replace('.jsonl', '');
        const left = (kind: 'container' | 'network'): readonly string[] =>
          execFileSync('docker', [kind, 'ls', ...(kind === 'container' ? ['-a'] : []), '-q', '--filter', `label=${RUN_LABEL}=${runId}`], {
            encoding: 'utf8',
          })
            .split('\n')
            .filter((line) => line !== '');
        expect(execFileSync('docker', ['ps', '--format', '{{.Names}}'], { encoding: 'utf8' })).toContain(
          `halfopen-${runId}-halfopen-k6-1\n`,
        );
        process.kill(mainOf(run), signal);
        await once(run.child, 'exit');
        await eventually('nothing is left of the run', GONE_WITHIN_MS, () => [...left('container'), ...left('network')].length === 0);
        const folder = runFolder(output, 'payments-outage');
        expect(readdirSync(folder)).toEqual(expect.arrayContaining(['logs', 'plan.json', 'recording.sqlite']));
        expect(readFileSync(join(folder, 'plan.json'), 'utf8')).toContain('"driver": "k6"');
      },
      WITHIN_MS,
    );
  },
  BACKING_IMAGES,
);

/** The command line itself, below its launcher if there is one. */
function mainOf({ child }: Started): number {
  const pid = child.pid ?? 0;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || pid;
}
