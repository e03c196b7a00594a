// Goal: an engine that dies under a run ends it with 3 and without a hang; what it left is named, and `clean` removes it once the engine
// is back. A Ctrl-C during a fault takes everything down. On an engine of the tests' own: what is left there is exactly the run's.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startOwnEngine, type OwnEngine } from '../../scripts/prove/own-engine.ts';
import { runFolder, temporaryFolder, type Ended, type Started } from '../cli/halfopen.ts';
import { loadRecording } from '../../harness/recording/index.ts';
import { everythingOn, startDuo } from './duo.ts';
import { describeWithOwnEngine } from './own-engine-at-hand.ts';

const IMAGES = ['node:24-slim', 'ghcr.io/shopify/toxiproxy:2.12.0', 'testcontainers/ryuk:0.14.0', 'postgres:15'];
/** From the engine's end to the run's (DESIGN: no hang). */
const ENDS_WITHIN_MS = 60_000;
/** From Ctrl-C to everything down. */
const DOWN_WITHIN_MS = 15_000;

describeWithOwnEngine('with an engine of its own', () => {
  let engine: OwnEngine;
  beforeAll(async () => {
    engine = await startOwnEngine(IMAGES);
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  // After a test that failed, for the next.
  beforeEach(() => engine.start());

  const halfopen = (words: readonly string[], state: string, env: Readonly<Record<string, string>> = {}): Started =>
    startDuo(words, state, { behind: engine.inItsNetwork, env: { DOCKER_HOST: engine.host, ...env } });

  async function endsWithin(limitMs: number, ended: Promise<Ended>): Promise<Ended> {
    const beganMs = performance.now();
    const result = await ended;
    expect(performance.now() - beganMs, result.stdout + result.stderr).toBeLessThan(limitMs);
    return result;
  }

  // The reaper would do the work of `clean` behind its back: it has tests of its own.
  const ALONE = { HALFOPEN_REAPER: 'off' };

  test.each([
    ['crashes', 'as the first containers start', 1],
    ['crashes', 'as services start', 4],
    ['crashes', 'while a fault is in force', 'fault harm acknowledged'],
    ['is stopped', 'while a fault is in force', 'fault harm acknowledged'],
  ] as const)(
    'that %s %s: exit 3, what happened and what is left, and clean removes it',
    async (how, _, moment) => {
      const [state, output] = [temporaryFolder(), temporaryFolder()];
      const { ended, untilPrinted } = halfopen(['run', 'slow', '--env', 'docker', '--output', output], state, ALONE);
      if (typeof moment === 'number') await untilContainers(engine, moment);
      else await untilPrinted(moment);
      const before = await everythingOn(engine);
      expect(before.length).toBeGreaterThan(1);

      const dying = how === 'crashes' ? engine.crash() : engine.stop();
      const { code, stdout, stderr } = await endsWithin(ENDS_WITHIN_MS, ended);
      await dying;
      const text = stdout + stderr;
      expect(code, text).toBe(3);
      expect(text).toMatch(/container engine went away|no container engine answers/);
      // What is left, by name, and how it goes away.
      const network = before.find((name) => name.startsWith('network '))?.split(' ')[1] ?? 'no network';
      expect(text).toContain(network);
      expect(text).toContain('halfopen clean');
      // The recording is whole as far as it went: it says that the run failed and can pass no more.
      const { events } = loadRecording(join(runFolder(output, 'slow'), 'recording.sqlite'));
      expect(events.at(-1)).toMatchObject({ kind: 'run-ended', how: 'failed' });

      await engine.start();
      expect((await everythingOn(engine)).length).toBeGreaterThan(0);
      const cleaned = await endsWithin(ENDS_WITHIN_MS, halfopen(['clean'], state).ended);
      expect(cleaned.code, cleaned.stdout + cleaned.stderr).toBe(0);
      expect(await everythingOn(engine)).toEqual([]);
    },
    240_000,
  );

  test('Ctrl-C during a fault withdraws it, writes the report, and takes everything down in 15 s', async () => {
    const [state, output] = [temporaryFolder(), temporaryFolder()];
    const { child, ended, untilPrinted } = halfopen(['run', 'frozen', '--env', 'docker', '--output', output], state, ALONE);
    await untilPrinted('fault harm acknowledged');
    expect((await everythingOn(engine)).length).toBeGreaterThan(4);
    // nsenter becomes the command: this is the launcher's process.
    child.kill('SIGINT');
    const { code, stdout } = await endsWithin(DOWN_WITHIN_MS, ended);
    expect(code, stdout).toBe(130);
    expect(stdout).toContain('fault harm withdrawn');
    expect(existsSync(join(output, 'report.html'))).toBe(true);
    const { events } = loadRecording(join(runFolder(output, 'frozen'), 'recording.sqlite'));
    expect(events.filter((event) => event.kind === 'fault').map(({ step }) => step)).toEqual(
      expect.arrayContaining(['acknowledged', 'withdrawn']),
    );
    expect(events.at(-1)).toMatchObject({ kind: 'run-ended', how: 'interrupted' });
    expect(await everythingOn(engine)).toEqual([]);
  }, 120_000);
});

/** Of the run: the engine makes nameless ones of its own while it builds an image. */
async function untilContainers(engine: OwnEngine, count: number): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while ((await everythingOn(engine)).filter((name) => name.startsWith('container halfopen-')).length < count) {
    if (performance.now() > deadlineMs) throw new Error(`not within a minute: ${count} containers of the run`);
  }
}
