import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import paymentsOutage from '../../scenarios/payments-outage.chaos.ts';
import { defineConfig, planScenario, runScenario } from '../../harness/index.ts';
import type { Recording } from '../../harness/model/recording.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { releaseEnvironments } from '../../harness/pipeline.ts';
import { RUN_LABEL } from '../../harness/run/ledger/contract.ts';
import { table } from '../bench/markdown.ts';
import { summarised } from '../bench/measure.ts';
import type { BenchOptions, BenchPart } from '../bench/part.ts';

export const orchestrationBench: BenchPart = { name: 'orchestration', title: 'Orchestration of containers', run };

const ROUNDS = 5;
const scenario: Scenario = { ...paymentsOutage, name: 'payments-outage' };
const request = { config: defineConfig({}), environment: 'docker', seed: 7, pace: 'fast', overrides: {} } as const;

/** Lengths in milliseconds. */
interface Round {
  /** From nothing to every service ready. */
  readonly upMs: number;
  /** Beyond the timeline, of a run that brings everything up and of one that uses it again; the former with taking it down. */
  readonly freshBeyondMs: number;
  readonly reusedBeyondMs: number;
  /** From the first run's last answer to the second's first arrival. */
  readonly betweenMs: number;
  readonly containers: number;
}

async function run(options: BenchOptions): Promise<string> {
  const timelineMs = (planScenario(scenario, request).phases.at(-1)?.toUs ?? 0) / 1000;
  const rounds: Round[] = [];
  // The first round makes images of the shop's sources, which a warm machine has.
  for (let index = 0; index <= (options.isQuick ? 1 : ROUNDS); index++) {
    options.signal.throwIfAborted();
    const round = await measureRound(index, timelineMs, options);
    options.say(
      `round ${index}${index === 0 ? ' (not counted)' : ''}: up ${seconds(round.upMs)}, between ${seconds(round.betweenMs)}, beyond the timeline ${seconds(round.freshBeyondMs)} and ${seconds(round.reusedBeyondMs)}, ${round.containers} containers`,
    );
    if (index > 0) rounds.push(round);
  }
  const containers = Math.min(...rounds.map((round) => round.containers));
  const row = (what: string, goalMs: number, pick: (round: Round) => number): string[] => {
    const { median, least, most } = summarised(what, rounds.map(pick));
    const goal = `≤ ${seconds(goalMs)}: ${median <= goalMs ? 'met' : '**missed**'}`;
    return [what, seconds(median), `${seconds(least)}–${seconds(most)}`, goal];
  };
  return [
    table(
      ['what', 'median', 'spread', 'goal'],
      [
        row(`environment of ${containers} containers up, every service ready`, 15_000, ({ upMs }) => upMs),
        row('between two scenarios of a suite: last answer to first arrival', 1000, ({ betweenMs }) => betweenMs),
        row('orchestration of a run in containers that are up already', 10_000, ({ reusedBeyondMs }) => reusedBeyondMs),
        row('orchestration of a run alone: up, run, judged, down', 10_000, ({ freshBeyondMs }) => freshBeyondMs),
      ],
    ),
    '',
    `\`payments-outage\` at fast pace (timeline ${timelineMs / 1000} s) with Postgres, Redis and RabbitMQ, ${rounds.length} rounds. Orchestration is all that a run costs beyond its timeline.`,
  ].join('\n');
}

async function measureRound(index: number, timelineMs: number, { folder, projectFolder, signal }: BenchOptions): Promise<Round> {
  const perform = async (name: string): Promise<{ readonly recording: Recording; readonly tookMs: number }> => {
    const beganMs = performance.now();
    const { recording } = await runScenario(scenario, { ...request, runFolder: join(folder, `${index}-${name}`), projectFolder, signal });
    return { recording, tookMs: performance.now() - beganMs };
  };
  const fresh = await perform('fresh');
  const containers = containersOf(fresh.recording.run.runId);
  const reused = await perform('reused');
  const beganMs = performance.now();
  await releaseEnvironments();
  const releaseMs = performance.now() - beganMs;
  if (!isReused(reused.recording))
    throw new Error('Cannot measure what reuse costs: the second run did not use the first one’s containers');
  return {
    upMs: lastReadyMs(fresh.recording),
    freshBeyondMs: fresh.tookMs - timelineMs + releaseMs,
    reusedBeyondMs: reused.tookMs - timelineMs,
    betweenMs: fresh.tookMs - momentMs(fresh.recording, 'load-ended') + momentMs(reused.recording, 'load-started'),
    containers,
  };
}

function containersOf(runId: string): number {
  const listed = execFileSync('docker', ['ps', '--quiet', '--filter', `label=${RUN_LABEL}=${runId}`], { encoding: 'utf8' });
  return listed.split('\n').filter((id) => id !== '').length;
}

function isReused({ events }: Recording): boolean {
  return events.some((event) => event.kind === 'environment' && event.what === 'clean' && !event.detail.startsWith('made anew'));
}

function lastReadyMs({ events }: Recording): number {
  const ready = events.filter((event) => event.kind === 'service' && event.state === 'ready');
  if (ready.length === 0) throw new Error('Cannot measure how long the environment takes: no service was seen to become ready');
  return Math.max(...ready.map(({ atUs }) => atUs)) / 1000;
}

function momentMs({ events }: Recording, kind: 'load-started' | 'load-ended'): number {
  const found = events.find((event) => event.kind === kind);
  if (found === undefined) throw new Error(`Cannot measure a run without '${kind}'`);
  return found.atUs / 1000;
}

function seconds(lengthMs: number): string {
  return `${(lengthMs / 1000).toFixed(2)} s`;
}
