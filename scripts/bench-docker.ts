/** `npm run bench:docker [part…] [--quick]`: what containers cost, with warm images; writes reports/bench-docker.md. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { releaseEnvironments } from '../harness/pipeline.ts';
import { hopsBench } from './bench-docker/hops.ts';
import { orchestrationBench } from './bench-docker/orchestration.ts';
import { machineLine } from './bench/machine.ts';
import { withSection } from './bench/markdown.ts';
import type { BenchPart } from './bench/part.ts';

const parts: readonly BenchPart[] = [orchestrationBench, hopsBench];
const projectFolder = fileURLToPath(new URL('..', import.meta.url));
const reportPath = join(projectFolder, 'reports', 'bench-docker.md');

const PREFACE = `# What containers cost

With images that are at hand, on a Docker engine of this machine. Made by \`npm run bench:docker [part…] [--quick]\`.`;

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

try {
  for (const part of parts.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    if (ending.signal.aborted) break;
    const machine = machineLine(projectFolder);
    console.log(`\n${part.title}\n${machine}\n`);
    const folder = mkdtempSync(join(tmpdir(), `halfopen-bench-docker-${part.name}-`));
    try {
      const say = (line: string): void => console.log(`  ${line}`);
      const body = await part.run({ isQuick: values.quick, projectFolder, folder, signal: ending.signal, say });
      console.log(`\n${body}`);
      mkdirSync(join(projectFolder, 'reports'), { recursive: true });
      const before = existsSync(reportPath) ? readFileSync(reportPath, 'utf8') : PREFACE;
      writeFileSync(reportPath, withSection(before, part.title, `${machine}${values.quick ? ' · --quick: rough' : ''}\n\n${body}`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
} finally {
  // Whatever was thrown: containers that wait for a next run would wait for ever.
  await releaseEnvironments();
}
console.log(`\nWritten to ${reportPath}`);
