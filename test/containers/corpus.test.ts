// Goal: the same scenarios in containers, by the command line: the correct shop passes, a broken twin fails for the same reason as
// without. A sample, as each costs half a minute: `npm run prove -- docker-matrix` runs all of them.
import { it } from 'vitest';
import { TWINS, type Twin } from '../corpus/twins.ts';
import { expectCaught, expectPass } from '../corpus/until-decided.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const BACKING_IMAGES = ['postgres:15', 'redis:7', 'rabbitmq:3.10'];
/** Three tries. */
const WITHIN_MS = 400_000;

function twinOf(defect: Twin['defect']): Twin {
  const twin = TWINS.find((each) => each.defect === defect);
  if (twin === undefined) throw new RangeError(`Cannot find the twin as 'defect' must be one of the corpus: current value is ${defect}`);
  return twin;
}

describeWithEngine(
  'the correct shop in containers',
  () => {
    it.each([
      ['payments-outage', 'docker'],
      ['payments-outage', 'compose'],
      ['database-slow', 'docker'],
    ])('passes %s with --env %s', (name, environment) => expectPass(name, '--env', environment), WITHIN_MS);
  },
  BACKING_IMAGES,
);

describeWithEngine(
  'a broken twin in containers',
  () => {
    it.each(['never-opens', 'no-single-flight'] as const)(
      '%s fails by its own expectation',
      (defect) => expectCaught(twinOf(defect), '--env', 'docker'),
      WITHIN_MS,
    );
  },
  BACKING_IMAGES,
);
