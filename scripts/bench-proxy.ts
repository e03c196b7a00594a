/**
 * `npm run bench:proxy`: our fault proxy beside the real Toxiproxy 2.12.0, in turn within one run; writes reports/bench-proxy.md.
 *
 * `--quick` is short and rough, `--only <line>` measures one line, `--from <folder>` measures another checkout of ours and
 * `--ours '<arguments>'` goes to `halfopen proxy`; with any of these it is reports/bench-proxy.rough.md, which git ignores.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { affinityNote } from './bench-proxy/affinity.ts';
import { go } from './bench-proxy/go-program.ts';
import { installPackage } from './bench-proxy/installed-package.ts';
import type { Bench, Ports } from './bench-proxy/line.ts';
import { lines } from './bench-proxy/lines/index.ts';
import { buildLoadgen } from './bench-proxy/loadgen.ts';
import { reportOf, type Section } from './bench-proxy/report.ts';
import { machineLine } from './bench/machine.ts';
import { realToxiproxy } from './toxiproxy.ts';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = 5;
const ROUNDS_QUICK = 3;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    ours: { type: 'string', default: '' },
    from: { type: 'string' },
  },
});
if (values.only !== undefined && !lines.some(({ name }) => name === values.only))
  refuse(`'--only' must be one of ${lines.map(({ name }) => name).join(', ')}: current value is ${values.only}`);

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort(new Error(`ended by ${signal}`)));
try {
  await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const real = await realToxiproxy();
  if ('reason' in real) return refuse(`the real Toxiproxy must be there: ${real.reason}`);
  await using stack = new AsyncDisposableStack();
  const machine = `${machineLine(resolve(values.from ?? projectFolder))} · ${await goVersion()}`;
  console.log(`${machine}\n`);
  const { folder: packageFolder } = stack.use(await installPackage(resolve(values.from ?? projectFolder)));
  const loadgen = await buildLoadgen(ending.signal);
  const sink = stack.use(await loadgen.start<Ports, unknown>('sink'));
  const bench: Bench = {
    isQuick: values.quick,
    rounds: values.quick ? ROUNDS_QUICK : ROUNDS,
    loadgen,
    sink: sink.first,
    real,
    packageFolder,
    ourArguments: values.ours.split(' ').filter((argument) => argument !== ''),
    signal: ending.signal,
    say: (text) => console.log(text),
  };
  const began = performance.now();
  const sections: Section[] = [];
  for (const line of lines.filter(({ name }) => values.only === undefined || name === values.only)) {
    ending.signal.throwIfAborted();
    console.log(`\n## ${line.title}\n`);
    sections.push({ title: line.title, ...(await line.run(bench)) });
  }
  const notes = `${bench.rounds} rounds in turn; ${affinityNote()}. ${Math.round((performance.now() - began) / 1000)} s in all; load average at the end ${(loadavg()[0] ?? 0).toFixed(2)}.`;
  const report = reportOf({ machine, notes, realVersion: real.version, sections });
  console.log(`\n${report.summary}`);
  const isWhole = !values.quick && values.only === undefined && values.from === undefined && values.ours === '';
  const path = join('reports', isWhole ? 'bench-proxy.md' : 'bench-proxy.rough.md');
  mkdirSync(join(projectFolder, 'reports'), { recursive: true });
  writeFileSync(join(projectFolder, path), report.document);
  console.log(`\nWritten to ${path}`);
}

async function goVersion(): Promise<string> {
  return `Go ${(await go(['env', 'GOVERSION'], projectFolder)).trim().replace(/^go/, '')}`;
}

function refuse(why: string): never {
  console.error(`Cannot bench as ${why}`);
  process.exit(2);
}
