/** Goal: what k6 hides, loses or hangs on during chaos shows as what it is (load-report-gate §A5, k6 §2 and §5). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { driverKeptSchedule } from '../../harness/analysis/guards/driver-kept-schedule.ts';
import { loadWasOffered } from '../../harness/analysis/guards/load-was-offered.ts';
import type { OpenLoad } from '../../harness/model/load.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import type { Duration } from '../../harness/model/time.ts';
import { loadRecording } from '../../harness/recording/index.ts';
import { processesOfRun, signalGroup } from '../../harness/run/environments/process-groups.ts';
import type { FromK6 } from '../../harness/run/load/k6/protocol.ts';
import { startGenericLoad } from '../../harness/run/load/k6/generic-load.ts';
import { startK6, type K6Launch } from '../../harness/run/load/k6/process.ts';
import { sharesOf } from '../../harness/run/load/k6/runner-plan.ts';
import { get, openLoad } from '../../harness/scenario/load.ts';
import { eventually, runFolder as runFolderOf, start, temporaryFolder } from '../cli/halfopen.ts';
import { k6AtHand, offerToK6 } from './k6-rig.ts';
import { json, serve, UNWRITTEN } from './load-rig.ts';

const { executable, lack } = await k6AtHand();
const folder = temporaryFolder();

let entry: Awaited<ReturnType<typeof serve>>;
let answered = 0;

beforeAll(async () => {
  entry = await serve((request, response) => {
    answered++;
    // Nothing is ever said to those who ask for it.
    if (request.url !== '/hang') json({})(request, response);
  });
});
afterAll(() => entry[Symbol.asyncDispose]());

const calls = (path: string, timeout: Duration): OpenLoad => openLoad({ ratePerSecond: 100, requests: [get('r', path, { timeout })] });

function firstIds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, id) => id);
}
function ids(rows: readonly RequestRow[]): readonly number[] {
  return rows.map(({ id }) => id).toSorted((left, right) => left - right);
}
function outcomes(rows: readonly RequestRow[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { outcome } of rows) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
async function k6Of(runId: string): Promise<number> {
  const [pid, ...others] = await processesOfRun(runId);
  expect(others).toEqual([]);
  return pid ?? Number.NaN;
}

describe.skipIf(lack !== null)(`what k6 hides${lack === null ? '' : ` [skipped: ${lack}]`}`, () => {
  test('a refused call has duration 0 for k6; here it is refused and took as long as it took', async () => {
    const gone = await serve(json({}));
    await gone[Symbol.asyncDispose]();
    await using offer = await offerToK6({ load: calls('/', '1s'), entry: gone, totalMs: 500, k6: { executable } });
    await offer.load.ended;
    expect(outcomes(offer.rows)).toEqual({ refused: 50 });
    for (const { startedUs, endedUs, firstByteUs, status } of offer.rows) {
      expect(endedUs - (startedUs ?? Infinity)).toBeGreaterThan(0);
      expect({ firstByteUs, status }).toEqual({ firstByteUs: null, status: 0 });
    }
  });

  test('k6 says nothing of what is in flight at its end; here each of it is given up at the end of the drain', async () => {
    await using offer = await offerToK6({ load: calls('/hang', '20s'), entry, totalMs: 500, drainMs: 400, k6: { executable } });
    expect(await offer.load.ended).toEqual({ scheduled: 50, sent: 50 });
    expect(ids(offer.rows)).toEqual(firstIds(50));
    expect(outcomes(offer.rows)).toEqual({ aborted: 50 });
    for (const row of offer.rows) expect(row.endedUs).toBeGreaterThanOrEqual(offer.beganUs + 890_000);
    expect(offer.events.at(-1)).toMatchObject({ what: 'exit', detail: 'exit code 105: stopped by the harness' });
  });

  test('k6 drops arrivals where virtual users run out; here each is shed, and the load counts as not offered', async () => {
    await using offer = await offerToK6({ load: calls('/hang', '800ms'), entry, totalMs: 1000, k6: { executable, vusMax: 2 } });
    await offer.load.ended;
    expect(ids(offer.rows)).toEqual(firstIds(100));
    const { shed = 0, timeout = 0 } = outcomes(offer.rows);
    expect(shed + timeout).toBe(100);
    expect(timeout).toBeLessThanOrEqual(4);
    for (const { outcome, startedUs } of offer.rows) if (outcome === 'shed') expect(startedUs).toBeNull();
    const [finding] = loadWasOffered.evaluate(offer.evidence());
    expect(finding).toMatchObject({ verdict: 'invalid' });
  });

  test('the same load with virtual users enough is offered', async () => {
    await using offer = await offerToK6({ load: calls('/', '800ms'), entry, totalMs: 1000, k6: { executable } });
    await offer.load.ended;
    expect(loadWasOffered.evaluate(offer.evidence())[0]).toMatchObject({ verdict: 'pass' });
  });

  test('a k6 that gets no processor is late, and the schedule counts as not kept', async () => {
    await using offer = await offerToK6({ load: calls('/', '2s'), entry, totalMs: 1500, runId: 'k6-late', k6: { executable } });
    await offer.untilRows(20);
    const pid = await k6Of('k6-late');
    process.kill(pid, 'SIGSTOP');
    const stoppedAt = performance.now();
    await eventually('half a second has passed', 5000, () => performance.now() - stoppedAt > 500);
    process.kill(pid, 'SIGCONT');
    await offer.load.ended;
    expect(ids(offer.rows)).toEqual(firstIds(150));
    expect(driverKeptSchedule.evaluate(offer.evidence())[0]).toMatchObject({
      verdict: 'inconclusive',
      explanation: { code: 'driver-late' },
    });
  });
});

describe.skipIf(lack !== null)('how k6 ends', () => {
  test('stop gives up what is in flight and what was still to come, at that moment', async () => {
    await using offer = await offerToK6({ load: calls('/hang', '20s'), entry, totalMs: 20_000, runId: 'k6-stop', k6: { executable } });
    const before = answered;
    await eventually('calls are in flight', 10_000, () => answered > before + 10);
    offer.load.stop();
    const { scheduled, sent } = await offer.load.ended;
    expect(scheduled).toBe(2000);
    expect(sent).toBeGreaterThan(10);
    expect(ids(offer.rows)).toEqual(firstIds(2000));
    expect(outcomes(offer.rows)).toEqual({ aborted: 2000 });
    expect(offer.rows.filter(({ startedUs }) => startedUs !== null)).toHaveLength(sent);
    expect(await processesOfRun('k6-stop')).toEqual([]);
  });

  test('a k6 that does not listen is killed, and the rows are whole all the same', async () => {
    await using offer = await offerToK6({ load: calls('/', '2s'), entry, totalMs: 20_000, runId: 'k6-deaf', k6: { executable } });
    await offer.untilRows(20);
    process.kill(await k6Of('k6-deaf'), 'SIGSTOP');
    offer.load.stop();
    await offer.load.ended;
    expect(ids(offer.rows)).toEqual(firstIds(2000));
    expect(offer.events.at(-1)).toMatchObject({ detail: 'ended by SIGKILL, as the harness stopped it' });
  });

  test.each([
    ['SIGKILL', 'ended by SIGKILL'],
    ['SIGTERM', 'exit code 105: was ended from outside'],
  ] as const)('a k6 that somebody else ends (%s) is an error of the harness; what it told stays', async (signal, words) => {
    const runId = `k6-ended-${signal}`;
    await using offer = await offerToK6({ load: calls('/', '2s'), entry, totalMs: 20_000, runId, k6: { executable } });
    await offer.untilRows(20);
    process.kill(await k6Of(runId), signal);
    await expect(offer.load.ended).rejects.toThrow(`k6-1 ended before its load did: ${words}`);
    expect(offer.rows.length).toBeGreaterThanOrEqual(20);
    expect(outcomes(offer.rows)['ok']).toBeGreaterThanOrEqual(20);
  });

  test('a harness that is killed takes its k6 along, without anybody’s help', async () => {
    const runId = `k6-alone-${process.pid}`;
    const alone = fileURLToPath(new URL('./k6-alone.ts', import.meta.url));
    const before = answered;
    // What it leaves there is undone by nobody.
    const env = { ...process.env, TMPDIR: temporaryFolder() };
    const child = spawn(process.execPath, [alone, executable, String(entry.port), runId], { stdio: 'ignore', env });
    await eventually('k6 sends', 30_000, () => answered > before + 10);
    expect(await processesOfRun(runId)).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await eventually('k6 is gone', 12_000, async () => (await processesOfRun(runId)).length === 0);
    const after = answered;
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(after);
  });

  test('Ctrl-C ends k6 in order: exit 130, the recording has its arrivals, nothing is left', async () => {
    const output = temporaryFolder();
    const { child, ended, untilPrinted } = start(['run', 'holds', '--load', 'k6', '--output', output]);
    await untilPrinted('phase baseline');
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    const { run, events, requests } = loadRecording(join(runFolderOf(output, 'holds'), 'recording.sqlite'));
    expect(await processesOfRun(run.runId)).toEqual([]);
    expect(new Set(requests.map(({ id }) => id)).size).toBe(run.plan.schedule.intendedUs.length);
    expect(requests.some(({ outcome, instance }) => outcome === 'ok' && instance === 'k6-1')).toBe(true);
    expect(requests.some(({ outcome }) => outcome === 'aborted')).toBe(true);
    expect(events.filter((event) => event.kind === 'driver' && event.what === 'exit')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ kind: 'run-ended', how: 'interrupted' });
  });
});

/** A program in k6's place, for what k6 cannot be made to do. */
async function standIn(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(path, 0o755);
  return path;
}

/** A Node program in k6's place: it says hello, and then does as the body says. */
async function speaker(name: string, then = '', protocol = 1): Promise<string> {
  const program = join(folder, `${name}.mjs`);
  const hello = { t: 'hello', protocol, extension: '0', k6: 'v2.2.0', go: 'go', pid: 1, scenarios: {}, thresholds: {}, segment: null };
  const text = `import { connect } from 'node:net';
const socket = connect(process.env.HALFOPEN_K6_SOCKET, () => socket.write(${JSON.stringify(`${JSON.stringify(hello)}\n`)}));
${then}`;
  await writeFile(program, text);
  return standIn(name, [`exec "${process.execPath}" "${program}"`]);
}

function launchOf(path: string, own: Partial<K6Launch> = {}): K6Launch & { readonly told: FromK6[] } {
  const told: FromK6[] = [];
  return {
    told,
    executable: path,
    instance: 'k6-1',
    ownsScript: 'harness',
    runId: `k6-stand-in-${process.pid}`,
    runFolder: folder,
    ledger: UNWRITTEN,
    redact: (text) => text.replace('secret', '***'),
    signal: new AbortController().signal,
    prepare: async () => ({ args: ['x.js'], env: {} }),
    onRecords: (records) => told.push(...records),
    ...own,
  };
}

/** Says these records at its start line, and ends. */
function storyteller(name: string, records: readonly object[]): Promise<string> {
  const told = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  return speaker(
    name,
    `import { createInterface } from 'node:readline';
createInterface({ input: socket }).on('line', (line) => {
  const { c, id } = JSON.parse(line);
  const now = Number(process.hrtime.bigint() / 1000n);
  if (c === 'job') socket.write('{"t":"waiting","vus":1000}\\n');
  if (c === 'clock') socket.write(JSON.stringify({ t: 'clock', id, at: now }) + '\\n');
  if (c === 'begin') socket.end(${JSON.stringify(told)}.replaceAll('"NOW"', now), () => process.exit(0));
});`,
  );
}

describe('records that were lost', () => {
  const begin = (i: number, ord: number): object => ({
    t: 'begin',
    i,
    at: 'NOW',
    ord,
    sc: '',
    vu: 1,
    it: 1,
    itAt: 0,
    first: true,
    tid: 't',
  });
  const req = (i: number): object => ({ t: 'req', i, at: 'NOW', fb: 'NOW', st: 200, err: null, bytes: 0, reused: false });
  const end = (begun: number, ended: number): object => ({ t: 'end', at: 'NOW', begun, ended, dropped: 0 });
  const whole = [begin(1, 0), req(1), begin(2, 1), req(2)];

  test.each([
    ['none', [...whole, end(2, 2)], null],
    ['the last', whole, 'ended without its last one'],
    ['one of a call', [...whole, end(3, 2)], 'k6 counted 3 begun, 2 ended, 0 dropped; told were 2 begun, 2 ended, 0 dropped'],
    ['one of an arrival', [begin(1, 0), req(1), end(1, 1)], 'of 1 arrivals it told nothing, of 0 calls no end'],
    ['the end of a call', [begin(1, 0), req(1), begin(2, 1), end(2, 1)], 'of 0 arrivals it told nothing, of 1 calls no end'],
    ['the begin of a call', [begin(1, 0), req(1), req(2), end(2, 2)], 'call 2 ended and had not begun'],
  ] as const)('%s', async (name, records, message) => {
    const program = await storyteller(`tells-${name.replaceAll(' ', '-')}`, records);
    const load = openLoad({ ratePerSecond: 10, requests: [get('r', '/')] });
    await using offer = await offerToK6({
      load,
      entry,
      totalMs: 200,
      k6: {},
      start: (context) => {
        const [share] = sharesOf(context.plan, context.ordinals, 1);
        if (share === undefined) throw new Error('there are no arrivals');
        return startGenericLoad({ context, load, executable: program, share, instance: 'k6-1', processes: 1 });
      },
    });
    if (message === null) expect(await offer.load.ended).toEqual({ scheduled: 2, sent: 2 });
    else await expect(offer.load.ended).rejects.toThrow(message);
    expect(offer.rows.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThanOrEqual(1);
  });
});

describe('how k6 begins', () => {
  test.each([
    ['harness', 'HarnessError', 'it hangs, or has no processor to run on'],
    ['user', 'UsageError', 'the script spins or hangs while it is loaded'],
  ] as const)(
    'one that is stopped while it loads is killed at the deadline, with its last lines (%s)',
    async (ownsScript, name, reason) => {
      const path = await standIn('stopped', ['echo "the secret word"', 'kill -STOP $$']);
      const launch = launchOf(path, { ownsScript, helloWithinMs: 700, runId: `k6-stopped-${ownsScript}` });
      const failed = startK6(launch);
      await expect(failed).rejects.toMatchObject({ name });
      await expect(failed).rejects.toThrow(`did not say hello within 700 ms: ${reason}; its last lines:\nthe *** word`);
      expect(await processesOfRun(launch.runId)).toEqual([]);
    },
  );

  test('one that is aborted meanwhile is gone at once', async () => {
    const stop = new AbortController();
    const launch = launchOf(await standIn('waits', ['exec sleep 60']), { signal: stop.signal, runId: 'k6-aborted' });
    const failed = startK6(launch);
    await eventually('it runs', 5000, async () => (await processesOfRun('k6-aborted')).length > 0);
    stop.abort(new Error('enough'));
    await expect(failed).rejects.toThrow('enough');
    expect(await processesOfRun('k6-aborted')).toEqual([]);
  });

  test('what it started goes with it', async () => {
    const launch = launchOf(await speaker('parent', `import('node:child_process').then(({ spawn }) => spawn('sleep', ['60']));`), {
      runId: 'k6-parent',
    });
    const k6 = await startK6(launch);
    await eventually('it has a child', 5000, async () => (await processesOfRun('k6-parent')).length === 2);
    await k6[Symbol.asyncDispose]();
    expect(await processesOfRun('k6-parent')).toEqual([]);
  });

  test('an extension of another protocol is refused with the way out', async () => {
    await expect(startK6(launchOf(await speaker('foreign', '', 99)))).rejects.toThrow(
      /must speak protocol 1: current value is 99; run npx halfopen k6 build/,
    );
  });

  test('one that says what is no record is an error of the harness', async () => {
    const k6 = await startK6(launchOf(await speaker('garbles', `socket.on('connect', () => socket.write('{"t":"req",\\n'));`)));
    await using _k6 = k6;
    await expect(k6.exited).rejects.toThrow(/Cannot read what k6 says/);
  });

  test('one that never tells its time, or ends before, is an error', async () => {
    const k6 = await startK6(launchOf(await speaker('dies', `socket.on('data', () => process.exit(3));`)));
    await using _k6 = k6;
    await expect(k6.readClock()).rejects.toThrow(/k6-1 did not tell its time; it said nothing/);
  });

  test('a folder for temporary files with too long a path is refused before k6 starts', async () => {
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = join(folder, 'x'.repeat(90));
    try {
      await mkdir(process.env['TMPDIR']);
      await expect(startK6(launchOf('/nonexistent'))).rejects.toThrow(/set TMPDIR to a shorter one/);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });

  test('signals reach nobody else: its group is its own', async () => {
    const k6 = await startK6(launchOf(await speaker('alone'), { runId: 'k6-group' }));
    const pid = await k6Of('k6-group');
    expect(signalGroup(pid, 0)).toBe(true);
    await k6[Symbol.asyncDispose]();
    expect(signalGroup(pid, 0)).toBe(false);
  });
});
