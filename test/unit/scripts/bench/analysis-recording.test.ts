import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyze } from '../../../../harness/analysis/analyze.ts';
import { redactorOf } from '../../../../harness/model/redact.ts';
import { createRecorder, createStore, loadRecording } from '../../../../harness/recording/index.ts';
import { judge } from '../../../../harness/verdict/judge.ts';
import { inventedRun, inventRecording } from '../../../../scripts/bench/analysis-recording.ts';
import { planFor } from '../../../../scripts/bench/analysis.ts';

it('invents a run that passes every expectation of payments-outage, so that the bench measures whole checks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'halfopen-invented-'));
  try {
    const path = join(folder, 'recording.sqlite');
    const plan = planFor(12_000);
    const failures: Error[] = [];
    {
      using recorder = createRecorder({
        store: createStore(path, inventedRun(plan)),
        redactor: redactorOf(),
        limits: plan.limits,
        onFailure: (error) => failures.push(error),
      });
      inventRecording(plan, recorder.append);
    }
    const recording = loadRecording(path);
    const verdict = judge(analyze(recording, plan.expectations));
    expect(failures).toEqual([]);
    expect(verdict.findings.filter((finding) => finding.verdict !== 'pass')).toEqual([]);
    expect(recording.requests).toHaveLength(12_000);
    expect(recording.exchanges.length).toBeGreaterThan(10_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
