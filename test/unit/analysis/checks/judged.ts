import { checks } from '../../../../harness/analysis/checks/index.ts';
import { evidenceOf } from '../../../../harness/analysis/evidence.ts';
import type { Finding } from '../../../../harness/model/finding.ts';
import type { Expectation } from '../../../../harness/model/scenario.ts';
import { recordingOf, type RecordingSketch } from '../../../recordings.ts';

/** What the expectation's own check says of a sketched recording. */
export function judged(expectation: Expectation, sketch: RecordingSketch): Finding {
  const check = Object.entries(checks).find(([kind]) => kind === expectation.check)?.[1];
  if (check === undefined) throw new Error(`no check '${expectation.check}'`);
  return check.evaluate(expectation as never, evidenceOf(recordingOf(sketch)));
}

/** Verdict and explanation code: `fail opens-never`. */
export function code({ verdict, explanation }: Finding): string {
  return `${verdict} ${explanation.code}`;
}
