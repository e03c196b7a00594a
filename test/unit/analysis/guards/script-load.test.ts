import { expect, it } from 'vitest';
import { evidenceOf } from '../../../../harness/analysis/evidence.ts';
import { loadWasOffered } from '../../../../harness/analysis/guards/load-was-offered.ts';
import { SCRIPT_EXCEPTIONS, SCRIPT_EXCEPTIONS_MAX } from '../../../../harness/model/script.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { recordingOf, steadily, type RecordingSketch } from '../../../recordings.ts';

type Events = NonNullable<RecordingSketch['events']>;

const exited = (atMs: number) => ({ atMs, kind: 'driver', driver: 'k6', instance: 'k6-1', what: 'exit', detail: 'exit code 0' }) as const;
const exceptions = (value: number) =>
  ({
    atMs: 18_000,
    kind: 'threshold',
    metric: SCRIPT_EXCEPTIONS,
    condition: `rate<=${SCRIPT_EXCEPTIONS_MAX}`,
    phase: 'fault',
    judgedBy: 'halfopen',
    isMet: value <= SCRIPT_EXCEPTIONS_MAX,
    value,
    samples: 200,
  }) as const;

/** What the guard says of a script's run of 18 s. */
function look(...events: Events): { readonly code: string; readonly verdict: string; readonly sentence: string } {
  const load = { kind: 'k6-script', file: 'load/checkout.js', requests: [], env: {} } as const;
  const recording = recordingOf({ plan: { load, driver: 'k6' }, requests: steadily(0, 18_000, 20), events });
  const [finding] = loadWasOffered.evaluate(evidenceOf(recording));
  if (finding === undefined) throw new Error('the guard found nothing');
  return { code: finding.explanation.code, verdict: finding.verdict, sentence: explain(finding).sentence };
}

it('passes a script that ran to the end, or to within a tenth of a second of it', () => {
  expect(look(exited(18_050), exceptions(0.01))).toMatchObject({ code: 'load-offered', verdict: 'pass' });
  expect(look(exited(17_950))).toMatchObject({ code: 'load-offered', verdict: 'pass' });
});

it('is invalid when a script ended before the timeline did', () => {
  const { code, verdict, sentence } = look(exited(15_000));
  expect([code, verdict]).toEqual(['script-ended-early', 'invalid']);
  expect(sentence).toContain('ended 3 s before the timeline did (exit code 0)');
});

it('is invalid when more than a hundredth of its iterations threw though nothing had failed', () => {
  const { code, verdict, sentence } = look(exited(18_050), exceptions(0.011));
  expect([code, verdict]).toEqual(['script-threw', 'invalid']);
  expect(sentence).toContain('threw in 1.1 % of the 200 iterations that began in the fault phase');
});

it('looks at no exit of another driver beside it', () => {
  expect(look({ ...exited(15_000), driver: 'playwright' })).toMatchObject({ code: 'load-offered' });
});
