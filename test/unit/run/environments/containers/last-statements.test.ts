import { expect, it } from 'vitest';
import { LastStatements } from '../../../../../harness/run/environments/containers/last-statements.ts';

const said = (name: string, state: string): string => JSON.stringify({ halfopen: 'breaker', name, state });

it('keeps what was said last of each breaker, and nothing else that is printed', () => {
  const statements = new LastStatements();
  for (const text of [
    said('a', 'closed'),
    said('b', 'closed'),
    'listening',
    said('a', 'open'),
    '{"halfopen":"effect","effect":"x","key":"y"}',
  ])
    statements.read(text);
  for (const text of ['{"halfopen":"breaker", broken', 'it said "halfopen"', '{"halfopen":"breaker","name":7,"state":"open"}'])
    statements.read(text);
  expect(statements.texts).toEqual([said('a', 'open'), said('b', 'closed')]);
  expect(statements.openBreakers).toEqual(['a']);
  statements.read(said('a', 'closed'));
  expect(statements.openBreakers).toEqual([]);
  statements.clear();
  expect(statements.texts).toEqual([]);
});
