import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { OwnEngine } from './own-engine.ts';

/** Where in a run the harness is killed: after its network is there and this was seen, and a random time later. */
export interface Stage {
  readonly name: string;
  /** Of fixtures/containers. */
  readonly scenario: string;
  /** Text in the run's output. */
  readonly seen: { readonly printed: string };
  /** Longest time from then to the kill, in milliseconds. */
  readonly upToMs: number;
  /** What must hold at the moment of the kill for it to be one of this stage. */
  readonly isMet?: (engine: OwnEngine, run: { readonly runId: string; printed(): string }) => Promise<boolean>;
}

/** Who is left to clean up. */
export const WAYS = {
  'Ryuk and reaper': {},
  'reaper alone': { TESTCONTAINERS_RYUK_DISABLED: 'true' },
  'nobody, then clean': { TESTCONTAINERS_RYUK_DISABLED: 'true', HALFOPEN_REAPER: 'off' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Way = keyof typeof WAYS;

export interface KillCase {
  readonly stage: Stage;
  readonly way: Way;
  /** From what is seen to the kill, in milliseconds. */
  readonly afterMs: number;
  readonly seed: number;
}

export interface KillResult {
  /** What there was of the run when it was killed: `5 containers, 1 network, 1 volume`. */
  readonly before: readonly string[];
  readonly isStageMet: boolean;
  /** When the last of it was seen, in milliseconds after the kill; for `clean`, after that was called. */
  readonly goneAfterMs: number;
  readonly left: readonly string[];
  /** What was there of the run before `clean` was called; null where it was not. */
  readonly beforeClean: number | null;
  readonly cleanExit: number | null;
  /** Things of somebody else, with names like those of the run, that are not as they were. */
  readonly foreignTouched: readonly string[];
  readonly foreign: number;
}

export interface KillPlace {
  readonly engine: OwnEngine;
  readonly projectFolder: string;
  /** For this kill alone. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** The issue's own limit. */
export const CLEAN_WITHIN_MS = 30_000;
const SEEN_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 250;

/** Runs a scenario in containers, kills the harness with its process group, and watches what becomes of what it made. */
export async function killOnce({ stage, way, afterMs, seed }: KillCase, place: KillPlace): Promise<KillResult> {
  const { engine, folder } = place;
  const before = new Set(await engine.contents());
  const run = startRun(
    { words: ['run', stage.scenario, '--env', 'docker', '--seed', String(seed), '--output', join(folder, 'out')], way },
    place,
  );
  try {
    let network: string | undefined;
    await until(`the run's network`, async () => (network = await networkOf(engine, before)) !== undefined, run);
    const runId = (network ?? '').slice('halfopen-'.length);
    await using foreign = await plantForeign(engine, runId);
    const known = new Set([...before, ...foreign.names]);
    const ofRun = async (): Promise<readonly string[]> => (await engine.contents()).filter((name) => !known.has(name));
    await until(`${stage.name}: what comes before it`, () => run.printed().includes(stage.seen.printed), run);
    await Promise.race([delay(afterMs, undefined, { signal: place.signal }), run.ended]);
    // It stands still from that moment on, so that there is time to look at what it had before it is gone.
    const isAlive = signalGroup(run, 'SIGSTOP');
    const isStageMet = isAlive && ((await stage.isMet?.(engine, { runId, printed: run.printed })) ?? true);
    const had = await ofRun();
    await killGroup(run);
    const gone = await untilGone(way, ofRun, place);
    return { before: had, isStageMet, ...gone, foreignTouched: await foreign.touched(), foreign: foreign.names.length };
  } finally {
    await killGroup(run);
  }
}

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  printed(): string;
}

export function startRun(
  { words, way, env = {} }: { readonly words: readonly string[]; readonly way: Way; readonly env?: Readonly<Record<string, string>> },
  { engine, projectFolder, folder }: Pick<KillPlace, 'engine' | 'projectFolder' | 'folder'>,
): Run {
  mkdirSync(folder, { recursive: true });
  const [enter = '', ...inside] = engine.inItsNetwork;
  const launcher = join(projectFolder, 'bin', 'halfopen.js');
  // Detached: a process group of its own, which is what is killed. Its reaper has left it.
  const child = spawn(enter, [...inside, process.execPath, launcher, ...words], {
    cwd: join(projectFolder, 'fixtures', 'containers'),
    detached: true,
    env: { ...process.env, DOCKER_HOST: engine.host, HALFOPEN_STATE: join(folder, 'state'), NO_COLOR: '1', ...WAYS[way], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return { child, ended: once(child, 'exit'), printed: () => text };
}

export async function killGroup(run: Run): Promise<void> {
  signalGroup(run, 'SIGKILL');
  await run.ended;
}

/** Answers whether there was anybody to get it. */
function signalGroup({ child }: Run, signal: NodeJS.Signals): boolean {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
  return process.kill(-child.pid, signal);
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>, run: Run): Promise<void> {
  const deadlineMs = performance.now() + SEEN_WITHIN_MS;
  while (!(await isSo())) {
    if (run.child.exitCode !== null) throw new Error(`Cannot wait for ${what}: the run ended with ${run.child.exitCode}\n${run.printed()}`);
    if (performance.now() > deadlineMs) throw new Error(`Cannot wait for ${what}: not within ${SEEN_WITHIN_MS} ms\n${run.printed()}`);
    await delay(50);
  }
}

async function networkOf(engine: OwnEngine, before: ReadonlySet<string>): Promise<string | undefined> {
  const found = (await engine.contents()).find((name) => /^network halfopen-[0-9a-f]+$/.test(name) && !before.has(name));
  return found?.slice('network '.length);
}

/** Waits for whoever is left to clean up, or calls `halfopen clean`. */
async function untilGone(
  way: Way,
  ofRun: () => Promise<readonly string[]>,
  place: KillPlace,
): Promise<Pick<KillResult, 'goneAfterMs' | 'left' | 'beforeClean' | 'cleanExit'>> {
  const isByHand = way === 'nobody, then clean';
  const beforeClean = isByHand ? (await ofRun()).length : null;
  const beganMs = performance.now();
  let cleanExit: number | null = null;
  if (isByHand) {
    const clean = startRun({ words: ['clean'], way }, place);
    await clean.ended;
    cleanExit = clean.child.exitCode;
  }
  let left = await ofRun();
  while (left.length > 0 && performance.now() - beganMs < CLEAN_WITHIN_MS) {
    await delay(LOOK_EVERY_MS);
    left = await ofRun();
  }
  return { goneAfterMs: performance.now() - beganMs, left, beforeClean, cleanExit };
}

interface Foreign extends AsyncDisposable {
  readonly names: readonly string[];
  /** Those that are gone, stopped or others of the same name. */
  touched(): Promise<readonly string[]>;
}

/** Somebody else's things with the run's own prefix, without its labels: two containers, of which one runs, a network, a volume. */
async function plantForeign({ docker, contents }: OwnEngine, runId: string): Promise<Foreign> {
  const prefix = `halfopen-${runId}`;
  const stateOf = async (): Promise<Readonly<Record<string, string>>> => ({
    [`container ${prefix}-front-old`]: await orGone(docker('inspect', '--format', '{{.Id}} {{.State.Status}}', `${prefix}-front-old`)),
    [`container ${prefix}-back.2`]: await orGone(docker('inspect', '--format', '{{.Id}} {{.State.Status}}', `${prefix}-back.2`)),
    [`network ${prefix}-net`]: await orGone(docker('network', 'inspect', '--format', '{{.Id}}', `${prefix}-net`)),
    [`volume ${prefix}`]: await orGone(docker('volume', 'inspect', '--format', '{{.CreatedAt}}', prefix)),
  });
  const image = 'node:24-slim';
  await docker('volume', 'create', prefix);
  await docker('network', 'create', `${prefix}-net`);
  await docker('create', '--name', `${prefix}-front-old`, image, 'node');
  await docker('run', '--detach', '--name', `${prefix}-back.2`, '--network', `${prefix}-net`, image, 'sleep', '600');
  const planted = await stateOf();
  if (Object.values(planted).includes(GONE)) throw new Error(`Cannot plant somebody else's things: ${JSON.stringify(planted)}`);
  return {
    names: Object.keys(planted),
    async touched() {
      const now = await stateOf();
      return Object.keys(planted).filter((name) => now[name] !== planted[name]);
    },
    async [Symbol.asyncDispose]() {
      const there = await contents();
      const has = (name: string): boolean => there.includes(name);
      if (has(`container ${prefix}-front-old`)) await docker('rm', '--force', `${prefix}-front-old`);
      if (has(`container ${prefix}-back.2`)) await docker('rm', '--force', `${prefix}-back.2`);
      if (has(`network ${prefix}-net`)) await docker('network', 'rm', `${prefix}-net`);
      if (has(`volume ${prefix}`)) await docker('volume', 'rm', prefix);
    },
  };
}

const GONE = 'gone';

async function orGone(asked: Promise<string>): Promise<string> {
  try {
    return await asked;
  } catch (error) {
    if (/no such|not found/i.test((error as Error).message)) return GONE;
    throw error;
  }
}
