import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import slow from '../../fixtures/containers/scenarios/slow.chaos.ts';
import { defineConfig, runScenario } from '../../harness/index.ts';
import { TOXIPROXY } from '../../harness/compose/own-services.ts';
import { table } from '../bench/markdown.ts';
import { quantileOf } from '../bench/measure.ts';
import type { BenchOptions, BenchPart } from '../bench/part.ts';

export const hopsBench: BenchPart = { name: 'hops', title: 'An edge: relay and Toxiproxy against the direct way', run };

const ROUTES = ['direct', 'Toxiproxy', 'relay and Toxiproxy'] as const;
type Route = (typeof ROUTES)[number];
/** Calls on each route in one turn, and turns. */
const BLOCK = 50;
const TURNS = 80;
const QUICK_TURNS = 10;

/** Durations of one turn's calls in milliseconds, route by route. */
type Turn = Readonly<Record<Route, readonly number[]>>;

async function run({ isQuick, projectFolder, folder, signal }: BenchOptions): Promise<string> {
  let turns: readonly Turn[] = [];
  const { recording } = await runScenario(
    { ...slow, name: 'slow' },
    {
      config: defineConfig({ docker: { reuse: false } }),
      environment: 'docker',
      seed: 7,
      pace: 'full',
      overrides: {},
      runFolder: join(folder, 'run'),
      projectFolder: join(projectFolder, 'fixtures', 'containers'),
      signal,
      // Everything is up, no fault is in force, no load runs: what is measured is the way.
      keep: (addresses) => {
        turns = measure(containerAt(addresses['entry'] ?? ''), isQuick ? QUICK_TURNS : TURNS);
        return Promise.resolve();
      },
    },
  );
  if (turns.length === 0) throw new Error(`Cannot measure the way of an edge: the run ${recording.run.runId} was not kept up`);
  const all = (route: Route): number[] => turns.flatMap((turn) => turn[route]);
  const added = (route: Route, share: number): number[] =>
    turns.map((turn) => quantileOf(turn[route], share) - quantileOf(turn.direct, share));
  const rows = ROUTES.map((route) => [
    route,
    milliseconds(quantileOf(all(route), 0.5)),
    milliseconds(quantileOf(all(route), 0.95)),
    milliseconds(quantileOf(all(route), 0.99)),
    route === 'direct' ? '' : paired(added(route, 0.5)),
    route === 'direct' ? '' : paired(added(route, 0.95)),
  ]);
  return [
    table(['way from caller to callee', 'p50', 'p95', 'p99', 'added p50', 'added p95'], rows),
    '',
    `${turns.length} turns of ${BLOCK} calls on each way, one after the other on a connection that stays open, forwards and backwards (A-B-C, C-B-A), from the caller's own container. Added: against the direct way of the same turn, median of the turns with their quartiles. The relay taps every call.`,
  ].join('\n');
}

/** In the caller's container: the same program, network and moment for each way. */
function measure(caller: string, turns: number): readonly Turn[] {
  const program = `
    const { Agent, get } = require('node:http');
    const relay = new URL(process.env.BACK_URL);
    const urls = { direct: 'http://back:8080/', Toxiproxy: 'http://${TOXIPROXY}:' + relay.port + '/', 'relay and Toxiproxy': relay.origin + '/' };
    const agents = Object.fromEntries(Object.keys(urls).map((route) => [route, new Agent({ keepAlive: true, maxSockets: 1 })]));
    const call = (route) => new Promise((resolve, reject) => {
      const began = performance.now();
      get(urls[route], { agent: agents[route] }, (answer) => answer.resume().on('end', () => answer.statusCode === 200 ? resolve(performance.now() - began) : reject(new Error(route + ' answered ' + answer.statusCode)))).on('error', reject);
    });
    (async () => {
      const turns = [];
      for (let turn = -1; turn < ${turns}; turn++) {
        const routes = Object.keys(urls);
        if (turn % 2 !== 0) routes.reverse();
        const took = {};
        for (const route of routes) { took[route] = []; for (let call_ = 0; call_ < ${BLOCK}; call_++) took[route].push(await call(route)); }
        if (turn >= 0) turns.push(took);
      }
      process.stdout.write(JSON.stringify(turns), () => process.exit(0));
    })().catch((error) => { console.error(error); process.exit(1); });`;
  return JSON.parse(execFileSync('docker', ['exec', caller, 'node', '-e', program], { encoding: 'utf8', maxBuffer: 2 ** 27 })) as Turn[];
}

/** The container that publishes this address. */
function containerAt(url: string): string {
  const { port } = new URL(url);
  const names = execFileSync('docker', ['ps', '--filter', `publish=${port}`, '--format', '{{.Names}}'], { encoding: 'utf8' }).trim();
  if (!/^halfopen-\w+-front$/.test(names)) throw new Error(`Cannot measure as one container must publish ${url}: found '${names}'`);
  return names;
}

function paired(addedMs: readonly number[]): string {
  return `+${milliseconds(quantileOf(addedMs, 0.5))} (${milliseconds(quantileOf(addedMs, 0.25))}–${milliseconds(quantileOf(addedMs, 0.75))})`;
}

function milliseconds(lengthMs: number): string {
  return `${lengthMs.toFixed(2)} ms`;
}
