/** `npm run bench [part…] [--quick]`: measures beside a rival in the same run and writes reports/bench.md. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { analysisBench } from './bench/analysis.ts';
import { loadBench } from './bench/load.ts';
import { machineLine } from './bench/machine.ts';
import { withSection } from './bench/markdown.ts';
import { overheadBench } from './bench/overhead.ts';
import type { BenchPart } from './bench/part.ts';
import { proxyBench } from './bench/proxy.ts';

const parts: readonly BenchPart[] = [loadBench, proxyBench, analysisBench, overheadBench];
const projectFolder = fileURLToPath(new URL('..', import.meta.url));
const reportPath = join(projectFolder, 'reports', 'bench.md');

const PREFACE = `# Benchmarks

Each number stands beside a rival that was measured in the same run, in turn with it (A-B-C, C-B-A), as the median of the rounds. Compare ratios;
absolute times are this machine's. Made by \`npm run bench [part…] [--quick]\`.`;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false } } });
const unknown = positionals.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(
    `Cannot bench as 'part' must be one of ${parts.map(({ name }) => name).join(', ')}: current value is ${unknown.join(', ')}`,
  );
  process.exit(2);
}

const ending = new AbortController();
process.once('SIGINT', () => ending.abort(new Error('interrupted')));

for (const part of parts.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  if (ending.signal.aborted) break;
  const machine = machineLine(projectFolder);
  console.log(`\n${part.title}\n${machine}\n`);
  const folder = mkdtempSync(join(tmpdir(), `halfopen-bench-${part.name}-`));
  try {
    const body = await part.run({
      isQuick: values.quick,
      projectFolder,
      folder,
      signal: ending.signal,
      say: (line) => console.log(`  ${line}`),
    });
    console.log(`\n${body}`);
    report(part, `${machine}${values.quick ? ' · --quick: rough' : ''}\n\n${body}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(`\nWritten to ${reportPath}`);

function report(part: BenchPart, body: string): void {
  mkdirSync(join(projectFolder, 'reports'), { recursive: true });
  const before = existsSync(reportPath) ? readFileSync(reportPath, 'utf8') : PREFACE;
  writeFileSync(reportPath, withSection(before, part.title, body));
}
