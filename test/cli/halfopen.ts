import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const fixture = join(repository, 'fixtures/cli');
const launcher = join(repository, 'bin/halfopen.js');

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'halfopen-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A project of somebody who has installed halfopen, with these files. */
export function temporaryProject(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(repository, join(folder, 'node_modules/halfopen'));
  for (const [path, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Its stdout so far. */
  printed(): string;
  /** Resolves once stdout holds the text; rejects if the process ends before. */
  untilPrinted(text: string): Promise<void>;
}

export interface StartOptions {
  /** @default the fixture's project */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command, as `nsenter …`. @default none */
  readonly behind?: readonly string[];
}

const UNCOLOURED = ['NO_COLOR', 'FORCE_COLOR', 'CI', 'HALFOPEN_SEED', 'GITHUB_ACTIONS', 'GITHUB_STEP_SUMMARY'];

export function start(args: readonly string[], { cwd = fixture, env = {}, behind = [] }: StartOptions = {}): Started {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !UNCOLOURED.includes(name)));
  const [program = '', ...words] = [...behind, process.execPath, launcher, ...args];
  const child = spawn(program, words, { cwd, env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const ended = Promise.withResolvers<Ended>();
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.once('error', ended.reject);
  child.once('close', (code) => ended.resolve({ code, stdout, stderr }));
  return {
    child,
    ended: ended.promise,
    printed: () => stdout,
    async untilPrinted(text) {
      while (!stdout.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`ended without printing '${text}':\n${stdout}\n${stderr}`);
        await delay(20);
      }
    },
  };
}

export function halfopen(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** Every file below a folder. */
export function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** The only run's folder of a scenario. */
export function runFolder(output: string, scenario: string): string {
  const runs = readdirSync(join(output, scenario)).filter((name) => name !== 'latest');
  if (runs.length !== 1) throw new Error(`expected one run in ${join(output, scenario)}, found ${runs.length}`);
  return join(output, scenario, runs[0] ?? '');
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Waits for something that others bring about, with a deadline. */
export async function eventually(what: string, withinMs: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(25);
  }
}
