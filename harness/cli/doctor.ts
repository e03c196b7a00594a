import { EXIT_CODES } from '../model/verdict.ts';
import type { Style } from '../report/terminal-contract.ts';
import type { Command, CommandCall } from './contract.ts';
import type { Diagnosis } from './doctor/diagnosis.ts';
import { engineLooks } from './doctor/engine.ts';
import { folderLooks } from './doctor/folders.ts';
import { loadLooks } from './doctor/k6.ts';
import { machineLooks } from './doctor/machine.ts';
import { paint } from './screen.ts';

export const doctor: Command = {
  name: 'doctor',
  parameters: '',
  summary: 'say whether scenarios can run here, and what to do if not',
  flags: [{ flags: '--json', description: 'as JSON' }],
  examples: [
    ['doctor', 'one line for each thing that a run needs'],
    ['doctor --json', 'the same for a program'],
  ],
  run: doctorCommand,
};

const SIGNS: Readonly<Record<Diagnosis['state'], readonly [sign: string, style: Style]>> = {
  fine: ['✓', 'ok'],
  mind: ['!', 'degraded'],
  broken: ['✗', 'bad'],
};

async function doctorCommand({ options }: CommandCall): Promise<number> {
  const diagnoses: Diagnosis[] = [];
  // One after the other: the looks at timers and clock want the machine for themselves.
  for (const [about, look] of Object.entries({ ...machineLooks, ...folderLooks, ...engineLooks, ...loadLooks })) {
    try {
      diagnoses.push(await look());
    } catch (error) {
      diagnoses.push({ about, state: 'broken', found: (error as Error).message });
    }
  }
  process.stdout.write(options['json'] === true ? `${JSON.stringify(diagnoses, null, 2)}\n` : diagnoses.map(lineOf).join(''));
  return diagnoses.some(({ state }) => state === 'broken') ? EXIT_CODES.harness : EXIT_CODES.pass;
}

function lineOf({ about, state, found, wayOut }: Diagnosis): string {
  const [sign, style] = SIGNS[state];
  return `${paint(sign, style)} ${about.padEnd(17)} ${found}${wayOut === undefined ? '' : `\n${' '.repeat(20)}→ ${wayOut}`}\n`;
}
