// Goal: a fault that makes calls slow counts as felt only when calls got slow, far enough, often enough, and not because the machine did.
import { describe, expect, it } from 'vitest';
import { evidenceOf } from '../../../../harness/analysis/evidence.ts';
import { guards } from '../../../../harness/analysis/guards/index.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { recordingOf, steadily, type ExchangeSketch, type RecordingSketch } from '../../../recordings.ts';

const faults = [{ bite: 'slower', services: ['payments'] } as const];
/** 10 ms a call, 50 a second, but while the fault is in force (4 s to 8 s). */
const healthy = [...steadily(0, 4000, 20, { tookMs: 10 }), ...steadily(8000, 18_000, 20, { tookMs: 10 })];
const during = (sketch: Omit<ExchangeSketch, 'atMs'>): ExchangeSketch[] => steadily(4000, 8000, 20, sketch);

function look(sketch: RecordingSketch) {
  const [finding] = guards['fault-was-felt'].evaluate(evidenceOf(recordingOf({ faults, ...sketch })));
  if (finding === undefined) throw new Error('the guard found nothing');
  return { verdict: finding.verdict, values: finding.explanation.values, evidence: finding.evidence, sentence: explain(finding).sentence };
}

describe('fault-was-felt, of a fault that slows', () => {
  it('is felt when calls take over twice the p95 of the baseline, and says so', () => {
    const { verdict, values, sentence, evidence } = look({ exchanges: [...healthy, ...during({ tookMs: 40 })] });
    expect(verdict).toBe('pass');
    expect(values).toMatchObject({ bite: 'slower', where: 'orders->payments', hurt: 200, exchanges: 200, limitMs: 20, beforeP95Ms: 10 });
    expect(sentence).toBe(
      "Fault 'storm' was felt: 200 of 200 calls of orders->payments failed or took over 20 ms (2 times their p95 before it, 10 ms, and the 0 ms by which the untouched sentinel slowed down).",
    );
    expect(evidence[0]).toMatchObject({ table: 'exchanges' });
    expect(evidence[0]?.ids).toHaveLength(50);
  });

  it('is not felt when calls are as they were, or only a little slower, and says how many there were and would have been needed', () => {
    for (const tookMs of [10, 20]) expect(look({ exchanges: [...healthy, ...during({ tookMs })] }).verdict).toBe('invalid');
    const some = steadily(4000, 4200, 20, { tookMs: 30 });
    expect(look({ exchanges: [...healthy, ...during({ tookMs: 10 }), ...some] }).sentence).toBe(
      "Invalid: fault never felt: while 'storm' was in force, only 10 of 210 calls of orders->payments failed or took over 20 ms (2 times their p95 before it, 10 ms, and the 0 ms by which the untouched sentinel slowed down); 21 would have shown it.",
    );
  });

  it('is not felt when the sentinel, which no fault touches, slowed down by as much', () => {
    const sentinel = [...steadily(0, 4000, 100, { tookMs: 1 }), ...steadily(4000, 8000, 100, { tookMs: 31 })];
    const exchanges = [...healthy, ...during({ tookMs: 40 })];
    const noisy = look({ exchanges, sentinel });
    expect(noisy.verdict).toBe('invalid');
    expect(noisy.values).toMatchObject({ sentinelRiseMs: 30, limitMs: 50 });
    // A sentinel that got faster excuses nothing and proves nothing.
    const calmed = [...steadily(0, 4000, 100, { tookMs: 31 }), ...steadily(4000, 8000, 100, { tookMs: 1 })];
    expect(look({ exchanges, sentinel: calmed }).values).toMatchObject({ sentinelRiseMs: 0 });
  });

  it('counts what fails as well: a service killed for want of memory answers nothing', () => {
    const killed = [...during({ tookMs: 5 }).slice(0, 170), ...during({ outcome: 'refused', tookMs: 1 }).slice(170)];
    expect(look({ exchanges: [...healthy, ...killed] }).values).toMatchObject({ hurt: 30, touched: 30 });
    expect(look({ exchanges: [...healthy, ...during({ tookMs: 5 }).slice(0, 2), { atMs: 4100, status: 503 }] }).verdict).toBe('invalid');
  });

  it('counts calls that were under way when it came, and none that were over or not begun', () => {
    const outside = [
      { atMs: 3000, tookMs: 900 },
      { atMs: 8001, tookMs: 900 },
    ];
    expect(look({ exchanges: [...healthy, ...during({ tookMs: 10 }), ...outside] }).values).toMatchObject({ hurt: 0, exchanges: 200 });
    const underWay = steadily(3900, 4000, 10, { tookMs: 5000 });
    expect(look({ exchanges: [...healthy, ...underWay] }).values).toMatchObject({ hurt: 10, exchanges: 10 });
  });

  it('compares the load’s own requests where no edge can be compared', () => {
    const requests = [...steadily(0, 4000, 20, { tookMs: 10 }), ...steadily(4000, 8000, 20, { tookMs: 90 }), ...steadily(8000, 18_000, 20)];
    const nobodyCalls = [{ bite: 'slower', services: ['gateway'], edges: [] } as const];
    const entry = look({ requests, exchanges: [], faults: nobodyCalls });
    expect(entry).toMatchObject({ verdict: 'pass', values: { where: 'quote', hurt: 200 }, evidence: [{ table: 'requests' }, {}] });
    // One connection from the first second to the last says nothing about calls.
    const kept = [{ atMs: 100, tookMs: 17_000 }];
    expect(look({ requests, exchanges: kept })).toMatchObject({ verdict: 'pass', values: { where: 'quote' } });
    expect(look({ requests: steadily(0, 18_000, 20), exchanges: kept }).verdict).toBe('invalid');
  });

  it('cannot be told from too few calls', () => {
    const { verdict, sentence } = look({ requests: [], exchanges: steadily(4000, 8000, 20, { tookMs: 400 }) });
    expect(verdict).toBe('invalid');
    expect(sentence).toBe(
      "Invalid: fault never felt: while 'storm' was in force or before it, too few calls were made to compare them (20 in the baseline are needed).",
    );
  });
});
