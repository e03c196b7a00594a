// `npm run corpus [-- --rounds n] [--twins-only | --correct-only] [--pace fast|full] [filter…]`: runs the correct shop and every broken twin, and keeps the
// tally over all sessions in reports/corpus.json and, for people, reports/corpus.md.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFileSync } from 'node:fs';
import { defineConfig, runScenario, type Scenario } from '../harness/index.ts';
import { TWINS, type Twin } from '../test/corpus/twins.ts';
import { describeLedger, readLedger, writeLedger, type Entry } from './corpus/ledger.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '1' },
    pace: { type: 'string', default: 'fast' },
    'twins-only': { type: 'boolean', default: false },
    'correct-only': { type: 'boolean', default: false },
  },
});
const SCENARIOS = ['payments-outage', 'payments-slow', 'inventory-partition', 'catalog-down', 'payments-flaky', 'payments-killed'];
const EMBEDDED_TWINS = TWINS.filter(({ environments }) => environments.includes('embedded'));
const json = join(root, 'reports/corpus.json');
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
const ledger = readLedger(json, `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('interrupted')));
process.once('SIGTERM', () => stop.abort(new Error('terminated')));

const wanted = (text: string): boolean => positionals.length === 0 || positionals.some((filter) => text.includes(filter));
for (let round = 0; round < Number(values.rounds) && !stop.signal.aborted; round++) {
  if (!values['twins-only']) for (const scenario of SCENARIOS) if (wanted(scenario)) await runOnce(scenario);
  if (!values['correct-only'])
    for (const twin of EMBEDDED_TWINS) if (wanted(`${twin.scenario} ${twin.defect}`)) await runOnce(twin.scenario, twin);
}
writeFileSync(join(root, 'reports/corpus.md'), describeLedger(ledger));
const unexpected = ledger.entries.filter(
  (entry) =>
    entry.commit === commit &&
    (entry.twin === undefined
      ? entry.verdict === 'fail'
      : entry.caught !== true && entry.verdict !== 'inconclusive' && entry.verdict !== 'invalid'),
);
process.stdout.write(`${describeLedger(ledger).split('\n').slice(4, 7).join('\n')}\n`);
process.exitCode = unexpected.length > 0 ? 1 : 0;

async function runOnce(name: string, twin?: Twin): Promise<void> {
  if (stop.signal.aborted) return;
  const module = (await import(join(root, `scenarios/${name}.chaos.ts`))) as { default: Scenario };
  const seed = Math.floor(Math.random() * 2 ** 32);
  const runFolder = mkdtempSync(join(tmpdir(), 'halfopen-corpus-'));
  try {
    const { verdict } = await runScenario(
      { ...module.default, name },
      {
        config: defineConfig({}),
        environment: 'embedded',
        seed,
        pace: values.pace === 'full' ? 'full' : 'fast',
        overrides: twin === undefined ? {} : { [twin.service]: { DEFECT: twin.defect } },
        runFolder: join(runFolder, 'run'),
        projectFolder: root,
        signal: stop.signal,
      },
    );
    const caught =
      twin === undefined
        ? undefined
        : twin.mustFail.some(({ check, subject }) =>
            verdict.findings.some((finding) => finding.check === check && finding.subject === subject && finding.verdict === 'fail'),
          );
    add({
      scenario: name,
      ...(twin === undefined ? {} : { twin: `${twin.service}.${twin.defect}`, caught: caught === true }),
      verdict: verdict.verdict,
      seed,
      sentence: verdict.sentence,
      commit,
      pace: values.pace,
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    rmSync(runFolder, { recursive: true, force: true });
  }
}

/** Each run is on disk before the next one starts. */
function add(entry: Entry): void {
  ledger.entries.push(entry);
  writeLedger(json, ledger);
  const what = entry.twin === undefined ? 'correct' : `${entry.twin} ${entry.caught === true ? 'caught' : 'not caught'}`;
  process.stdout.write(`${entry.verdict.padEnd(13)} ${entry.scenario.padEnd(20)} ${what.padEnd(36)} ${entry.sentence}\n`);
}
