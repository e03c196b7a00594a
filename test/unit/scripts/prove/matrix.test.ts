// Goal: a matrix holds only where everything was run, all agree, and what differs is explained.
import { describe, expect, test } from 'vitest';
import { facts } from './case-facts.ts';
import { reportOf, type Matrix } from '../../../../scripts/prove/matrix.ts';
import { TWINS } from '../../../corpus/twins.ts';

const [twin] = TWINS;
if (twin === undefined) throw new Error('there are no twins');
const reason = twin.mustFail.map(({ check, subject }) => `${check} ${subject}`);
const caught = facts({ verdict: 'fail', failed: reason });

function matrix(more: Partial<Matrix<'builtin' | 'k6'>>): Matrix<'builtin' | 'k6'> {
  return {
    columns: ['builtin', 'k6'],
    twinColumns: ['builtin', 'k6'],
    scenarios: [{ name: 'outage', cells: { builtin: facts({}), k6: facts({}) } }],
    twins: [{ twin: twin as NonNullable<typeof twin>, cells: { builtin: caught, k6: caught } }],
    words: { sameReason: 'whatever sends the load', columns: 'drivers', wherever: 'by both' },
    ...more,
  };
}

test('all ran and agree: it holds', () => {
  expect(reportOf(matrix({}), 'Made so.')).toMatchObject({ holds: true, markdown: expect.stringContaining('Made so.') });
});

describe('it does not hold', () => {
  test.each([
    ['where a correct run fails', { scenarios: [{ name: 'outage', cells: { builtin: facts({}), k6: facts({ verdict: 'fail' }) } }] }],
    ['where one is undecided', { scenarios: [{ name: 'outage', cells: { builtin: facts({}), k6: facts({ verdict: 'inconclusive' }) } }] }],
    ['where one was not run yet', { scenarios: [{ name: 'outage', cells: { builtin: facts({}), k6: null } }] }],
    ['where only one driver ran', { scenarios: [{ name: 'outage', cells: { builtin: facts({}) } }] }],
    ['where a twin passes with one driver', { twins: [{ twin, cells: { builtin: caught, k6: facts({}) } }] }],
    [
      'where a twin fails by another expectation',
      { twins: [{ twin, cells: { builtin: caught, k6: facts({ verdict: 'fail', failed: ['other x'] }) } }] },
    ],
    ['where there are no twins', { twins: [] }],
    [
      'where a recovery differs without a reason',
      {
        scenarios: [
          {
            name: 'outage',
            cells: {
              builtin: facts({ times: [{ what: 'recovery storm', ms: 500, resolutionMs: 250 }] }),
              k6: facts({ times: [{ what: 'recovery storm', ms: 2500, resolutionMs: 250 }] }),
            },
          },
        ],
      },
    ],
  ] as const)('%s', (_, more) => {
    expect(reportOf(matrix(more), '').holds).toBe(false);
  });
});
