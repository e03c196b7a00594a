import { test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { runScenario } from '../../harness/pipeline.ts';
import { defineConfig } from '../../harness/scenario/config.ts';
import catalog from '../../scenarios/catalog-down.chaos.ts';
import outage from '../../scenarios/payments-outage.chaos.ts';
import slow from '../../scenarios/payments-slow.chaos.ts';
import flaky from '../../scenarios/payments-flaky.chaos.ts';
import killed from '../../scenarios/payments-killed.chaos.ts';
import cut from '../../scenarios/inventory-partition.chaos.ts';
const o = (s: string, d: string) => ({ [s]: { DEFECT: d } });
const runs = [[cut, {}], [slow, {}], [killed, {}], [flaky, {}], [killed, o('payments', 'readiness-lies')], [flaky, o('orders', 'opens-on-first')], [slow, o('orders', 'no-bulkhead')], [slow, o('orders', 'no-timeout')], [slow, o('orders', 'retries-post')], [outage, o('orders', 'retry-outside-breaker')], [outage, o('orders', 'no-backoff')], [outage, o('orders', 'stuck-open')], [outage, o('orders', 'never-opens')], [catalog, o('gateway', 'fallback-cached')]] as const;
test.each(runs)('%#', async (s, overrides) => {
  const folder = mkdtempSync('/tmp/chk-run-');
  const { verdict } = await runScenario(s, { config: defineConfig({}), environment: 'embedded', seed: 1, pace: 'fast', overrides: overrides as never, runFolder: folder, projectFolder: '/work/main', signal: new AbortController().signal });
  rmSync(folder, { recursive: true });
  console.log(s.title, JSON.stringify(overrides), verdict.verdict, '\n' + verdict.findings.filter((f) => f.verdict !== 'pass' || (!f.guard && Object.keys(overrides).length === 0)).map((f) => `${f.guard ? 'G ' : '  '}${f.verdict.padEnd(12)} ${f.declared}\n      ${f.sentence} [margin ${f.timingMarginMs}]`).join('\n'));
});
