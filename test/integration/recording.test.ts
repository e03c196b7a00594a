import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { analyze } from '../../harness/analysis/analyze.ts';
import { OUTCOMES, SENTINEL } from '../../harness/model/load.ts';
import { EXCHANGE_OUTCOMES, type ExchangeRow, type RequestRow } from '../../harness/model/recording.ts';
import { redactorOf } from '../../harness/model/redact.ts';
import { createRecorder, createStore, loadRecording } from '../../harness/recording/index.ts';
import { judge } from '../../harness/verdict/judge.ts';
import { recordingOf } from '../recordings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'halfopen-recording-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { run } = recordingOf({});
const limits = { exchanges: 1000, events: 1000, effects: 1000 };
const time = fc.integer({ min: -1_000_000, max: 10_000_000 });
const observed = fc.option(fc.record({ degraded: fc.boolean(), value: fc.integer(), version: fc.constantFrom('kettle#1', "o'brien ☕") }), {
  nil: null,
});
const request: fc.Arbitrary<RequestRow> = fc.record({
  id: fc.nat(),
  name: fc.constantFrom('quote', "ro'b", SENTINEL),
  instance: fc.constant('builtin'),
  intendedUs: time,
  startedUs: fc.option(time, { nil: null }),
  firstByteUs: fc.option(time, { nil: null }),
  endedUs: time,
  outcome: fc.constantFrom(...OUTCOMES),
  status: fc.integer({ min: 0, max: 599 }),
  traceId: fc.stringMatching(/^[0-9a-f]{32}$/),
  bytes: fc.nat(),
  reused: fc.boolean(),
  observed,
});
const exchange: fc.Arbitrary<Omit<ExchangeRow, 'id'>> = fc.record({
  edge: fc.constantFrom('orders->payments', 'gateway->catalog'),
  instance: fc.constant('payments-1'),
  connection: fc.nat(),
  startedUs: time,
  firstByteUs: fc.option(time, { nil: null }),
  endedUs: time,
  outcome: fc.constantFrom(...EXCHANGE_OUTCOMES),
  status: fc.integer({ min: 0, max: 599 }),
  method: fc.constantFrom('GET', 'POST'),
  path: fc.constantFrom('/fee', '/charges/ä'),
  traceId: fc.constant(''),
  bytesUp: fc.nat(),
  bytesDown: fc.nat(),
  observed,
  fault: fc.constantFrom('storm', null),
  touch: fc.constantFrom('status', null),
});

function recorderAt(path: string, onFailure: (error: Error) => void = (error) => expect.fail(error.message)) {
  return createRecorder({ store: createStore(path, run), redactor: redactorOf(), limits, onFailure });
}

describe('a recording', () => {
  it('gives back every row that went in, ordered, in one file', () => {
    let round = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(request, { selector: ({ id }) => id, maxLength: 40 }),
        fc.array(exchange, { maxLength: 40 }),
        (requests, exchanges) => {
          const path = join(folder, `${round++}.sqlite`);
          {
            using recorder = recorderAt(path);
            for (const row of requests) recorder.append({ table: 'requests', row });
            for (const row of exchanges) recorder.append({ table: 'exchanges', row });
            recorder.append({ table: 'events', row: { kind: 'run-ended', atUs: 5, how: 'completed' } });
          }
          const back = loadRecording(path);
          const byId = (left: { id: number }, right: { id: number }): number => left.id - right.id;
          expect(back.requests).toEqual(requests.filter(({ name }) => name !== SENTINEL).toSorted(byId));
          expect(back.sentinel).toEqual(requests.filter(({ name }) => name === SENTINEL).toSorted(byId));
          const numbered = exchanges.map((row, index) => ({ ...row, id: index + 1 }));
          expect(back.exchanges).toEqual(numbered.toSorted((left, right) => left.startedUs - right.startedUs || left.id - right.id));
          expect(back.events.at(-1)).toMatchObject({ kind: 'run-ended', how: 'completed' });
        },
      ),
      { numRuns: 20 },
    );
    expect(readdirSync(folder).filter((name) => !name.endsWith('.sqlite'))).toEqual([]);
  });

  it('gives back more rows than it reads at a time, each once and in order', () => {
    const path = join(folder, 'large.sqlite');
    const [row] = fc.sample(exchange, 1);
    const count = 40_001;
    {
      const store = createStore(path, run);
      using recorder = createRecorder({
        store,
        redactor: redactorOf(),
        limits: { ...limits, exchanges: count },
        onFailure: ({ message }) => expect.fail(message),
      });
      for (let place = 0; place < count; place++) recorder.append({ table: 'exchanges', row: { ...row!, startedUs: count - place } });
    }
    const { exchanges } = loadRecording(path);
    expect(exchanges.length).toBe(count);
    expect(exchanges.every(({ id, startedUs }, place) => startedUs === place + 1 && id === count - place)).toBe(true);
  });

  it('keeps what was written before a SIGKILL, and is never judged a pass', async () => {
    const path = join(folder, 'killed.sqlite');
    const child = fork(fileURLToPath(new URL('../../fixtures/recordings/write-forever.ts', import.meta.url)), [path], {
      execArgv: [],
      execPath: join(import.meta.dirname, '../../node_modules/.bin/node'),
    });
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const recording = loadRecording(path);
    expect(recording.requests.length).toBeGreaterThan(100);
    const verdict = judge(analyze(recording, recording.run.plan.expectations));
    expect(['invalid', 'inconclusive']).toContain(verdict.verdict);
  });

  it('counts what a limit dropped, as lost evidence, and still ends', () => {
    const path = join(folder, 'full.sqlite');
    {
      using recorder = createRecorder({
        store: createStore(path, run),
        redactor: redactorOf(),
        limits: { ...limits, exchanges: 3 },
        onFailure: (error) => expect.fail(error.message),
      });
      const [row] = fc.sample(exchange, 1);
      for (let index = 0; index < 10; index++) recorder.append({ table: 'exchanges', row: row! });
      recorder.append({ table: 'events', row: { kind: 'run-ended', atUs: 9, how: 'completed' } });
    }
    const { exchanges, events } = loadRecording(path);
    expect(exchanges).toHaveLength(3);
    expect(events.find(({ kind }) => kind === 'lost')).toMatchObject({ what: 'exchanges', count: 7, limit: 3 });
  });

  it('holds no bearer token, whichever row carried it', () => {
    const path = join(folder, 'secret.sqlite');
    const secret = 'Bearer tok_planted_0123456789';
    {
      const plan = {
        ...run.plan,
        load: {
          ...run.plan.load,
          requests: run.plan.load.requests.map((template) => ({ ...template, headers: { authorization: secret } })),
        },
      };
      const store = createStore(path, redactorOf().value({ ...run, plan }));
      using recorder = createRecorder({ store, redactor: redactorOf(), limits, onFailure: ({ message }) => expect.fail(message) });
      recorder.append({ table: 'requests', row: { ...fc.sample(request, 1)[0]!, observed: { value: secret } } });
      recorder.append({
        table: 'exchanges',
        row: { ...fc.sample(exchange, 1)[0]!, path: `/x?h=${secret}`, observed: { mismatch: secret } },
      });
      recorder.append({ table: 'effects', row: { atUs: 1, service: 's', effect: 'e', key: secret, traceId: '' } });
      recorder.append({ table: 'events', row: { kind: 'service', atUs: 1, service: 's', state: 'exited', detail: secret } });
      recorder.append({ table: 'events', row: { kind: 'run-ended', atUs: 2, how: 'failed', reason: secret } });
    }
    expect(readFileSync(path).includes('tok_planted')).toBe(false);
    const { events, run: described } = loadRecording(path);
    expect(events).toHaveLength(2);
    expect(JSON.stringify(described.plan.load)).toContain('[redacted]');
  });

  it('reports a store that cannot be written to, once, and keeps what was there', () => {
    const path = join(folder, 'broken.sqlite');
    const failures: string[] = [];
    {
      using recorder = recorderAt(path, ({ message }) => failures.push(message));
      recorder.append({ table: 'events', row: { kind: 'load-started', atUs: 1 } });
      recorder.flush();
      const other = new DatabaseSync(path);
      other.exec('DROP TABLE effects');
      other.close();
      recorder.append({ table: 'effects', row: { atUs: 1, service: 's', effect: 'e', key: 'k', traceId: '' } });
      recorder.flush();
      recorder.append({ table: 'events', row: { kind: 'run-ended', atUs: 2, how: 'completed' } });
      recorder.flush();
    }
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/Cannot write to the recording .*What was recorded before is kept/);
  });
});

describe('a file that is no recording', () => {
  it.each([
    ['missing', (path: string) => path, /does not exist/],
    ['empty', (path: string) => (writeFileSync(path, ''), path), /is empty/],
    [
      'text',
      (path: string) => (writeFileSync(path, 'not a database at all, only text. '.repeat(40)), path),
      /must be a whole halfopen recording/,
    ],
    ['foreign', (path: string) => (new DatabaseSync(path).exec('CREATE TABLE t (x)'), path), /SQLite file of something else/],
    ['truncated', truncated, /must be a whole halfopen recording/],
    ['of another version', otherVersion, /schema version must be 1: current value is 99/],
  ])('is refused when it is %s, with what was found', (_, make, message) => {
    expect(() => loadRecording(make(join(folder, 'x.sqlite')))).toThrow(message);
  });

  it('is never overwritten', () => {
    const path = join(folder, 'there.sqlite');
    writeFileSync(path, 'mine');
    expect(() => createStore(path, run)).toThrow(/never overwritten/);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });
});

function written(path: string): string {
  using recorder = recorderAt(path);
  for (const row of fc.sample(exchange, 500)) recorder.append({ table: 'exchanges', row });
  return path;
}

function truncated(path: string): string {
  truncateSync(written(path), 20_000);
  return path;
}

function otherVersion(path: string): string {
  const database = new DatabaseSync(written(path));
  database.exec("UPDATE run SET value = '99' WHERE key = 'schema_version'");
  database.close();
  return path;
}
