/** `npm run bench:load [rate…] [--quick]`: what each load driver keeps, measures and costs, side by side in one run; writes reports/bench-load.md. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { EchoAnswer, EchoQuestion } from './bench-load/echo.ts';
import { builtK6 } from './bench-load/built-k6.ts';
import { rateSection } from './bench-load/report.ts';
import { fieldOf } from './bench-load/subjects.ts';
import type { Turn } from './bench-load/turn.ts';
import { inRounds } from './bench-proxy/rounds.ts';
import { startChild } from './bench/child.ts';
import { machineLine } from './bench/machine.ts';

const RATES = [100, 1000, 3000] as const;
const projectFolder = fileURLToPath(new URL('..', import.meta.url));
const reportPath = join(projectFolder, 'reports', 'bench-load.md');

const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false } } });
const rates = positionals.length === 0 ? RATES : positionals.map(Number);
const wrong = positionals.filter((_, index) => !((rates[index] ?? Number.NaN) >= 1));
if (wrong.length > 0) {
  console.error(`Cannot bench as 'rate' must be arrivals a second, 1 or more: current value is ${wrong.join(', ')}`);
  process.exit(2);
}
const [rounds, lengthMs] = values.quick ? [1, 2000] : [5, 10_000];
const ending = new AbortController();
process.once('SIGINT', () => ending.abort(new Error('interrupted')));

const machine = machineLine(projectFolder);
console.log(`\nLoad drivers\n${machine}\n`);
const folder = mkdtempSync(join(tmpdir(), 'halfopen-bench-load-'));
try {
  await using echo = startChild<EchoQuestion, EchoAnswer>('../bench-load/echo.ts');
  const address = (await echo.ask('address')) as Exclude<EchoAnswer, Float64Array>;
  const { subjects, absent } = fieldOf(echo, await builtK6(ending.signal));
  for (const why of absent) console.log(`  left out: ${why}`);
  const sections: string[] = [];
  for (const ratePerSecond of rates) {
    const taken = await inRounds(subjects, rounds, async (subject): Promise<Turn> => {
      ending.signal.throwIfAborted();
      const turn = await subject.turn({ address, ratePerSecond, lengthMs, folder });
      console.log(`  ${ratePerSecond}/s, ${subject.name}: ${Math.round(turn.sentPerSecond)}/s, ${(turn.okRatio * 100).toFixed(1)} % ok`);
      return turn;
    });
    const turns = [...taken].map(([{ name }, own]) => ({ name, turns: own }));
    sections.push(`## ${ratePerSecond} arrivals a second\n\n${rateSection({ ratePerSecond, turns })}`);
  }
  const body = [preface(absent), ...sections].join('\n\n');
  console.log(`\n${body}`);
  mkdirSync(join(projectFolder, 'reports'), { recursive: true });
  writeFileSync(reportPath, `# Load drivers, side by side\n\n${machine}${values.quick ? ' · --quick: rough' : ''}\n\n${body}\n`);
  console.log(`\nWritten to ${reportPath}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function preface(absent: readonly string[]): string {
  return [
    `Each driver sent ${lengthMs / 1000} s of even load to one server, in turn with the others (A-B-C, C-B-A), after a round that is thrown away: the medians of ${rounds}`,
    `round${rounds === 1 ? '' : 's'}, in brackets the least and the most. Times in milliseconds. Made by \`npm run bench:load [rate…] [--quick]\`.`,
    '',
    'The server takes 5 ms for an answer, says in it how long it really took, and notes when each request came. **Start lag**: how much later than intended a',
    'request left, by the driver’s own record; **seen by the server**: the same by when it came there, counted from the most punctual one, which is the only',
    'way to see it for a driver that has no record. **Response time too long by**: what the driver measured less what the server says it took; connecting,',
    'the loopback and both event loops are in it, but connecting is not in k6’s own number. CPU is that of the driver’s processes while the load lasted; **its reader** is the process that takes the',
    'records in. All share the machine’s cores.',
    ...(absent.length === 0 ? [] : ['', `Left out: ${absent.join('; ')}.`]),
  ].join('\n');
}
