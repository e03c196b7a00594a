import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { reanalyze } from '../../harness/index.ts';
import { seededRandom } from '../../harness/model/random.ts';
import { table } from '../bench/markdown.ts';
import { familyOf, listeningPorts, livingProcesses, portsOf, variableOf, type ListeningPort, type ProcessId } from './processes.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';

const RUNS = 20;
const SEED = 20;
/** The first and last moment of a kill, in milliseconds after the command was given; no fast run of the scenario is shorter: payments alone takes 1.5 s to start, the timeline 19 s. */
const FROM_MS = 200;
const TO_MS = 20_500;
const CLEAN_WITHIN_MS = 3000;
const LOOK_EVERY_MS = 50;
const RUN_MARKER = 'HALFOPEN_RUN';

interface KillResult {
  readonly atMs: number;
  /** Who was killed: the process that the shell knows, or the one in which the harness runs. */
  readonly who: 'launcher' | 'harness';
  readonly processes: number;
  readonly ports: number;
  /** When the last of them was seen, in milliseconds after the kill. */
  readonly lastSeenMs: number;
  readonly left: readonly string[];
  readonly portsLeft: readonly number[];
  /** What was recorded: nothing yet, a file that opens, or one that does not (with the reason). */
  readonly recording: 'none' | 'opens' | 'does not open';
  readonly verdict: string;
  readonly sentence: string;
  readonly analyzeExit: number | null;
}

export const sigkillProof: Proof = { name: 'sigkill', title: 'SIGKILL of the harness leaves nothing running and never a pass', run };

async function run(options: ProofOptions): Promise<Proven> {
  const runs = options.runs ?? RUNS;
  const random = seededRandom(SEED, 'sigkill');
  const results: KillResult[] = [];
  for (let index = 0; index < runs; index++) {
    // One moment at random in each of equal slices, so that every stage of a run is hit.
    const atMs = Math.round(FROM_MS + ((index + random()) / runs) * (TO_MS - FROM_MS));
    const who = index % 2 === 0 ? 'harness' : 'launcher';
    options.signal.throwIfAborted();
    const result = await options.cases.once(`${who} at ${atMs}`, () => killAt({ atMs, who, index }, options));
    options.say(
      `${index + 1}/${runs} ${who} at ${atMs} ms: ${result.left.length} processes and ${result.portsLeft.length} ports left, ${result.recording}, ${result.verdict}`,
    );
    results.push(result);
  }
  return reportOf(results);
}

async function killAt(
  { atMs, who, index }: { readonly atMs: number; readonly who: KillResult['who']; readonly index: number },
  { projectFolder, folder, signal }: ProofOptions,
): Promise<KillResult> {
  const output = join(folder, `kill-${index}`);
  const launcher = join(projectFolder, 'bin', 'halfopen.js');
  const args = [launcher, 'run', 'payments-outage', '--pace', 'fast', '--seed', String(index + 1), '--output', output];
  const child = spawn(process.execPath, args, { cwd: projectFolder, stdio: 'ignore' });
  const exited = once(child, 'exit');
  const endedEarly = await Promise.race([exited.then(([code]) => `exit code ${code}`), delay(atMs, null, { signal })]).catch(
    (reason: Error) => {
      child.kill('SIGTERM');
      throw reason;
    },
  );
  if (endedEarly !== null) throw new Error(`Cannot kill at ${atMs} ms as the run must go on that long: it ended with ${endedEarly}`);

  const before = familyOf([child.pid ?? 0], livingProcesses());
  const ports = portsOf(before);
  const runIds = new Set(before.flatMap(({ pid }) => variableOf(pid, RUN_MARKER) ?? []));
  const harness = before.find(({ command, parentPid }) => parentPid === child.pid && command.includes('cli/main'))?.pid ?? child.pid ?? 0;
  process.kill(who === 'launcher' ? (child.pid ?? 0) : harness, 'SIGKILL');
  const killedMs = performance.now();

  let lastSeenMs = 0;
  let left: ProcessId[] = [];
  let portsLeft: ListeningPort[] = [];
  while (performance.now() - killedMs < CLEAN_WITHIN_MS) {
    await delay(LOOK_EVERY_MS);
    left = stillThere(before, runIds);
    portsLeft = listeningPorts().filter(({ inode }) => ports.some((port) => port.inode === inode));
    if (left.length + portsLeft.length > 0) lastSeenMs = performance.now() - killedMs;
  }
  await exited;
  return {
    atMs,
    who,
    processes: before.length,
    ports: ports.length,
    lastSeenMs,
    left: left.map(({ pid, command }) => `${pid} ${command}`),
    portsLeft: portsLeft.map(({ port }) => port),
    ...readBack(output, launcher, projectFolder),
  };
}

/** Those that lived before the kill, and whatever else carries their run's marker. */
function stillThere(before: readonly ProcessId[], runIds: ReadonlySet<string>): ProcessId[] {
  const known = new Set(before.map(({ pid, startTicks }) => `${pid} ${startTicks}`));
  return livingProcesses().filter(
    ({ pid, startTicks }) => known.has(`${pid} ${startTicks}`) || runIds.has(variableOf(pid, RUN_MARKER) ?? ''),
  );
}

function readBack(
  output: string,
  launcher: string,
  projectFolder: string,
): Pick<KillResult, 'recording' | 'verdict' | 'sentence' | 'analyzeExit'> {
  const path = recordingIn(output);
  if (path === undefined) return { recording: 'none', verdict: '–', sentence: '', analyzeExit: null };
  const { status } = spawnSync(process.execPath, [launcher, 'analyze', path], { cwd: projectFolder, encoding: 'utf8' });
  try {
    const { verdict } = reanalyze(path);
    return { recording: 'opens', verdict: verdict.verdict, sentence: verdict.sentence, analyzeExit: status };
  } catch (error) {
    return {
      recording: 'does not open',
      verdict: '–',
      sentence: error instanceof Error ? error.message : String(error),
      analyzeExit: status,
    };
  }
}

function recordingIn(output: string): string | undefined {
  if (!existsSync(output)) return undefined;
  const found = readdirSync(output, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('recording.sqlite'));
  const path = found === undefined ? undefined : join(output, found);
  return path !== undefined && statSync(path).size > 0 ? path : undefined;
}

function reportOf(results: readonly KillResult[]): Proven {
  const isClean = ({ left, portsLeft }: KillResult): boolean => left.length === 0 && portsLeft.length === 0;
  const isCautious = ({ recording, verdict, analyzeExit }: KillResult): boolean =>
    recording === 'none' || (recording === 'opens' && ['invalid', 'inconclusive'].includes(verdict) && analyzeExit === 4);
  const clean = results.filter(isClean).length;
  const recorded = results.filter(({ recording }) => recording !== 'none');
  const cautious = recorded.filter(isCautious).length;
  const lastSeenMs = Math.max(...results.map((result) => result.lastSeenMs));
  const hadProcesses = results.filter(({ processes, ports }) => processes > 2 && ports > 0).length;
  const holds = clean === results.length && cautious === recorded.length && recorded.length > 0 && hadProcesses > 0;
  const rows = results.map((result) => [
    `${(result.atMs / 1000).toFixed(2)} s`,
    result.who,
    String(result.processes),
    String(result.ports),
    isClean(result) ? 'none' : [...result.left, ...result.portsLeft.map((port) => `port ${port}`)].join('; '),
    `${(result.lastSeenMs / 1000).toFixed(2)} s`,
    result.recording,
    result.verdict,
    result.analyzeExit === null ? '–' : String(result.analyzeExit),
  ]);
  return {
    holds,
    markdown: [
      claim(
        clean === results.length,
        `no process and no bound port is left ${CLEAN_WITHIN_MS / 1000} s after the kill, in ${clean} of ${results.length} kills (the last was seen ${(lastSeenMs / 1000).toFixed(2)} s after its kill; ${hadProcesses} kills met a run with services and ports)`,
      ),
      claim(
        cautious === recorded.length && recorded.length > 0,
        `the recording opens and \`analyze\` says invalid or inconclusive (exit code 4), in ${cautious} of ${recorded.length} kills that left a recording`,
      ),
      '',
      table(['killed at', 'who', 'processes', 'ports', 'left after 3 s', 'last seen', 'recording', 'verdict', 'analyze exit'], rows),
      '',
      `\`halfopen run payments-outage --pace fast\`, killed at seeded random moments (seed ${SEED}), in turn the process in which the harness runs and its launcher.`,
    ].join('\n'),
  };
}
