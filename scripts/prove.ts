/** `npm run prove [part…] [--runs n | --quick] [--fresh]`: tries claims about halfopen itself and writes reports/proofs/<part>.md. Goes on where it was interrupted. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commitOf, machineLine } from './bench/machine.ts';
import { openCaseStore } from './prove/case-store.ts';
import { dockerMatrixProof } from './prove/docker-matrix.ts';
import { dockerSigkillProof } from './prove/docker-sigkill.ts';
import { feltProof } from './prove/felt.ts';
import { gateCalibrationProof } from './prove/gate-calibration.ts';
import { loadProof } from './prove/load.ts';
import type { Proof } from './prove/proof.ts';
import { proxyDefectsProof } from './prove/proxy-defects.ts';
import { proxyFuzzProof } from './prove/proxy-fuzz.ts';
import { proxyLeaksProof } from './prove/proxy-leaks.ts';
import { proxyReplayProof } from './prove/proxy-replay.ts';
import { proxySoakProof } from './prove/proxy-soak.ts';
import { sentinelProof } from './prove/sentinel.ts';
import { sigkillProof } from './prove/sigkill.ts';
import { truthProof } from './prove/truth.ts';

const proofs: readonly Proof[] = [
  sigkillProof,
  truthProof,
  sentinelProof,
  feltProof,
  proxySoakProof,
  proxyFuzzProof,
  proxyLeaksProof,
  proxyDefectsProof,
  proxyReplayProof,
  dockerSigkillProof,
  dockerMatrixProof,
  loadProof,
  gateCalibrationProof,
];
const projectFolder = fileURLToPath(new URL('..', import.meta.url));
const reportFolder = join(projectFolder, 'reports', 'proofs');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, quick: { type: 'boolean', default: false }, fresh: { type: 'boolean', default: false } },
});
// Quick is the least that shows that a proof works: one case of each sort.
const runs = values.quick ? 1 : values.runs === undefined ? undefined : Number(values.runs);
const unknown = positionals.filter((name) => !proofs.some((proof) => proof.name === name));
if (unknown.length > 0)
  refuse(`'part' must be one of ${proofs.map(({ name }) => name).join(', ')}: current value is ${unknown.join(', ')}`);
if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
  refuse(`'--runs' must be a whole number above 0: current value is ${values.runs}`);

const ending = new AbortController();
process.once('SIGINT', () => ending.abort(new Error('interrupted; the next call goes on from here')));

for (const proof of proofs.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  if (ending.signal.aborted) break;
  const machine = machineLine(projectFolder);
  console.log(`\n${proof.title}\n${machine}\n`);
  const folder = mkdtempSync(join(tmpdir(), `halfopen-prove-${proof.name}-`));
  const cases = openCaseStore(join(projectFolder, 'reports', '.prove', `${proof.name}.json`), commitOf(projectFolder), {
    isFresh: values.fresh,
  });
  try {
    const { holds, markdown } = await proof.run({
      runs,
      projectFolder,
      folder,
      cases,
      signal: ending.signal,
      say: (line) => console.log(`  ${line}`),
    });
    mkdirSync(reportFolder, { recursive: true });
    writeFileSync(join(reportFolder, `${proof.name}.md`), `# ${proof.title}\n\n${machine}\n\n${markdown.trim()}\n`);
    console.log(`\n${markdown}\n\nWritten to ${join(reportFolder, `${proof.name}.md`)}`);
    if (!holds) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function refuse(why: string): never {
  console.error(`Cannot prove as ${why}`);
  process.exit(2);
}
