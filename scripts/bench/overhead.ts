import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import paymentsOutage from '../../scenarios/payments-outage.chaos.ts';
import { defineConfig, planScenario, runScenario } from '../../harness/index.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { reservePort } from '../../harness/run/environments/ports.ts';
import { ratio, table } from './markdown.ts';
import { interleaved } from './measure.ts';
import type { BenchOptions, BenchPart } from './part.ts';

export const overheadBench: BenchPart = { name: 'overhead', title: 'Orchestration: seconds beyond the timeline', run };

const READY_WITHIN_MS = 20_000;

async function run({ isQuick, projectFolder, folder, signal, say }: BenchOptions): Promise<string> {
  const rounds = isQuick ? 1 : 3;
  const scenario: Scenario = { ...paymentsOutage, name: 'payments-outage' };
  const request = { config: defineConfig({}), environment: 'embedded', seed: 7, pace: 'fast', overrides: {} } as const;
  const timelineMs = (planScenario(scenario, request).phases.at(-1)?.toUs ?? 0) / 1000;
  let runs = 0;
  const measureOwn = async (): Promise<number> => {
    const beganMs = performance.now();
    const { verdict } = await runScenario(scenario, { ...request, runFolder: join(folder, `run-${++runs}`), projectFolder, signal });
    const beyondMs = performance.now() - beganMs - timelineMs;
    say(`run ${runs}: ${beyondMs.toFixed(0)} ms beyond the timeline, ${verdict.verdict}`);
    return beyondMs;
  };
  const measured = await interleaved(
    [
      { name: 'halfopen', measure: measureOwn },
      { name: 'by hand', measure: () => startByHand(scenario, projectFolder) },
    ],
    rounds,
    { isCold: true },
  );
  const byHandMs = measured.find(({ name }) => name === 'by hand')?.median ?? Number.NaN;
  const rows = measured.map(({ name, median, least, most }) => [
    name,
    seconds(median),
    `${seconds(least)}–${seconds(most)}`,
    ratio(median, byHandMs),
  ]);
  return [
    table(['what', 'median', 'spread', '÷ by hand'], rows),
    '',
    `\`payments-outage\` at fast pace (timeline ${timelineMs / 1000} s): everything that a run costs beyond its timeline, from the plan to the verdict. By hand: the same six`,
    `services spawned at once until each says that it is ready, then killed; payments takes 1.5 s of that itself. ${rounds} round${rounds === 1 ? '' : 's'}. Goal: ≤ 2 s beyond the timeline.`,
  ].join('\n');
}

/** What the services themselves need to start, in milliseconds. */
async function startByHand({ system }: Scenario, projectFolder: string): Promise<number> {
  const beganMs = performance.now();
  await using stack = new AsyncDisposableStack();
  const addresses = Object.fromEntries(system.edges.map(({ env }) => [env, 'http://127.0.0.1:9']));
  const readiness = Object.entries(system.services).map(async ([, service]) => {
    const port = await reservePort();
    const child = spawn(process.execPath, service.command.slice(1), {
      cwd: projectFolder,
      env: { ...addresses, PATH: process.env['PATH'] ?? '', [service.portEnv]: String(port) },
      stdio: 'ignore',
    });
    stack.defer(async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    });
    await untilReady(`http://127.0.0.1:${port}${service.ready ?? '/'}`);
  });
  await Promise.all(readiness);
  return performance.now() - beganMs;
}

async function untilReady(url: string): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const status = await fetch(url).then(
      ({ status }) => status,
      (error: unknown) => (error instanceof TypeError ? 0 : Promise.reject(error as Error)),
    );
    if (status === 200) return;
    if (performance.now() > deadlineMs)
      throw new Error(`Cannot compare as ${url} must be ready within ${READY_WITHIN_MS} ms: current value is ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function seconds(lengthMs: number): string {
  return `${(lengthMs / 1000).toFixed(2)} s`;
}
