import { join } from 'node:path';
import { seededRandom } from '../../harness/model/random.ts';
import { table } from '../bench/markdown.ts';
import { killAttached, type AttachedKill } from './docker-kill-attached.ts';
import { CLEAN_WITHIN_MS, WAYS, killOnce, type KillCase, type KillResult, type Stage, type Way } from './docker-kill.ts';
import { ownEngineImpossible, startOwnEngine, type OwnEngine } from './own-engine.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';

const RUNS = 20;
const SEED = 20;
const IMAGES = ['node:24-slim', 'ghcr.io/shopify/toxiproxy:2.12.0', 'testcontainers/ryuk:0.14.0', 'postgres:15'];
const ATTACHED = 3;
/** Of one kill, to meet its stage. */
const ATTEMPTS = 4;

const ACKNOWLEDGED = { printed: 'fault harm acknowledged' };

const STAGES: readonly Stage[] = [
  {
    name: 'start-up',
    scenario: 'slow',
    seen: { printed: '1/1 slow' },
    upToMs: 4000,
    isMet: (_, { printed }) => Promise.resolve(!printed().includes('phase warmup')),
  },
  { name: 'fault active', scenario: 'slow', seen: ACKNOWLEDGED, upToMs: 4500 },
  {
    name: 'container paused',
    scenario: 'frozen',
    seen: ACKNOWLEDGED,
    upToMs: 4500,
    isMet: async ({ docker }, { runId }) =>
      (await docker('inspect', '--format', '{{.State.Status}}', `halfopen-${runId}-back`)) === 'paused',
  },
  {
    name: 'network disconnected',
    scenario: 'cut-off',
    seen: ACKNOWLEDGED,
    upToMs: 4500,
    isMet: async ({ docker }, { runId }) =>
      !(await docker('inspect', '--format', '{{json .NetworkSettings.Networks}}', `halfopen-${runId}-back`)).includes(`halfopen-${runId}`),
  },
  { name: 'teardown', scenario: 'slow', seen: { printed: 'phase drain' }, upToMs: 1500 },
];

export const dockerSigkillProof: Proof = {
  name: 'docker-sigkill',
  title: 'SIGKILL of the harness leaves nothing on the container engine, and touches nothing of others',
  run,
};

type Row = KillCase & { readonly result: KillResult };

async function run(options: ProofOptions): Promise<Proven> {
  const reason = ownEngineImpossible();
  if (reason !== null) throw new Error(`Cannot prove docker-sigkill: ${reason}`);
  const random = seededRandom(SEED, 'docker-sigkill');
  await using stack = new AsyncDisposableStack();
  let engine: Promise<OwnEngine> | undefined;
  const onEngine = (): Promise<OwnEngine> => (engine ??= startOwnEngine(IMAGES).then((started) => stack.use(started)));

  const rows: Row[] = [];
  const runs = options.runs ?? RUNS;
  const ways = Object.keys(WAYS) as Way[];
  for (let index = 0; index < runs; index++) {
    options.signal.throwIfAborted();
    const stage = STAGES[index % STAGES.length];
    // Five stages, three ways: each stage meets each way.
    const way = ways[index % ways.length];
    if (stage === undefined || way === undefined) throw new RangeError('Cannot choose a stage: there is none');
    const wanted: KillCase = { stage, way, afterMs: Math.round(random() * stage.upToMs), seed: index + 1 };
    // One that came too late is a kill like any other, and the stage gets another, sooner.
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const kill = { ...wanted, afterMs: Math.round(wanted.afterMs / 2 ** attempt) };
      const result = await options.cases.once(`${stage.name} +${kill.afterMs} ms ${way} ${index}`, async () =>
        killOnce(kill, {
          engine: await onEngine(),
          projectFolder: options.projectFolder,
          folder: join(options.folder, `kill-${index}-${attempt}`),
          signal: options.signal,
        }),
      );
      options.say(
        `${index + 1}/${runs} ${stage.name} +${kill.afterMs} ms, ${way}: ${result.before.length} things, ${result.left.length} left after ${(result.goneAfterMs / 1000).toFixed(1)} s${result.isStageMet ? '' : ' (the stage was over)'}`,
      );
      rows.push({ ...kill, result });
      if (isMet(result)) break;
    }
  }
  const attached: AttachedKill[] = [];
  for (let index = 0; index < Math.min(ATTACHED, runs); index++) {
    options.signal.throwIfAborted();
    const way = index % 2 === 0 ? 'reaper alone' : 'nobody, then clean';
    const afterMs = Math.round(random() * 4000);
    const result = await options.cases.once(`attached +${afterMs} ms ${way} ${index}`, async () =>
      killAttached(
        { way, afterMs, seed: index + 1 },
        {
          engine: await onEngine(),
          projectFolder: options.projectFolder,
          folder: join(options.folder, `attached-${index}`),
          signal: options.signal,
        },
      ),
    );
    options.say(`attached +${afterMs} ms, ${way}: ${result.before.length} of the run on the Toxiproxy, ${result.left.length} left`);
    attached.push(result);
  }
  return reportOf(rows, attached, runs);
}

/** The run was in the stage, and had something on the engine. */
function isMet({ isStageMet, before }: KillResult): boolean {
  return isStageMet && before.length > 0;
}

function reportOf(rows: readonly Row[], attached: readonly AttachedKill[], runs: number): Proven {
  const clean = rows.filter(
    ({ result }) => result.left.length === 0 && result.goneAfterMs <= CLEAN_WITHIN_MS && (result.cleanExit ?? 0) === 0,
  );
  const met = rows.filter(({ result }) => isMet(result));
  const untouched = rows.filter(({ result }) => result.foreignTouched.length === 0 && result.foreign > 0);
  const neededHelp = rows.filter(({ way, result }) => way === 'nobody, then clean' && (result.beforeClean ?? 0) > 0);
  const toxicsGone = attached.filter(
    ({ left, before, foreignTouched }) => left.length === 0 && before.length > 0 && foreignTouched.length === 0,
  );
  const slowestMs = Math.max(0, ...rows.map(({ result }) => result.goneAfterMs));
  const holds =
    rows.length > 0 &&
    clean.length === rows.length &&
    met.length === runs &&
    untouched.length === rows.length &&
    toxicsGone.length === attached.length &&
    attached.length > 0;
  return {
    holds,
    markdown: [
      claim(
        clean.length === rows.length,
        `no container, network or volume of the run is left, in ${clean.length} of ${rows.length} kills: within ${CLEAN_WITHIN_MS / 1000} s, or after \`halfopen clean\` where nobody was left to do it (slowest ${(slowestMs / 1000).toFixed(1)} s)`,
      ),
      claim(
        met.length === runs,
        `${met.length} of ${runs} kills met the run in the stage that they were meant for, with things of the run on the engine; ${rows.length - met.length} more came when it was over`,
      ),
      claim(
        untouched.length === rows.length,
        `containers, networks and volumes of others, with the run's own prefix in their names, are as they were, in ${untouched.length} of ${rows.length} kills`,
      ),
      claim(
        toxicsGone.length === attached.length && attached.length > 0,
        `on somebody else's Toxiproxy (\`--env attach\`) no toxic and no proxy of the run is left, and theirs are as they were, in ${toxicsGone.length} of ${attached.length} kills`,
      ),
      `- in ${neededHelp.length} of ${rows.filter(({ way }) => way === 'nobody, then clean').length} kills without Ryuk and reaper something was left before \`clean\`: the others would have been clean by chance`,
      '',
      table(
        ['stage', 'killed after', 'who cleans', 'on the engine then', 'gone after', 'left', "others' touched"],
        rows.map(({ stage, afterMs, way, result }) => [
          `${stage.name}${result.isStageMet ? '' : ' (was over)'}`,
          `${(afterMs / 1000).toFixed(2)} s`,
          way,
          counted(result.before),
          `${(result.goneAfterMs / 1000).toFixed(1)} s`,
          result.left.length === 0 ? 'nothing' : result.left.join('; '),
          result.foreignTouched.length === 0 ? 'none' : result.foreignTouched.join('; '),
        ]),
      ),
      '',
      table(
        ['attached, fault active', 'killed after', 'on the Toxiproxy then', 'gone after', 'left', "others' touched"],
        attached.map(({ way, afterMs, before, goneAfterMs, left, foreignTouched }) => [
          way,
          `${(afterMs / 1000).toFixed(2)} s`,
          before.join('; '),
          `${(goneAfterMs / 1000).toFixed(1)} s`,
          left.length === 0 ? 'nothing' : left.join('; '),
          foreignTouched.length === 0 ? 'none' : foreignTouched.join('; '),
        ]),
      ),
      '',
      `Scenarios of fixtures/containers (two services, a Postgres with its volume, relay, Toxiproxy, sentinel), on an engine of the proof's own, so that everything on it is counted, Ryuk included. The whole process group of the harness is killed, at seeded random moments (seed ${SEED}) after the stage was seen to begin.`,
    ].join('\n'),
  };
}

function counted(names: readonly string[]): string {
  const kinds = Map.groupBy(names, (name) => name.split(' ')[0] ?? '');
  return [...kinds].map(([kind, { length }]) => `${length} ${kind}${length === 1 ? '' : 's'}`).join(', ');
}
