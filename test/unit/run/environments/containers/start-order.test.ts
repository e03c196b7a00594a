import { expect, it } from 'vitest';
import { startOrder } from '../../../../../harness/run/environments/containers/start-order.ts';
import { call, script } from '../../../../integration/environment-rig.ts';

const services = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, script('')]));

it.each([
  ['no calls', [], [['a', 'b', 'c', 'd']]],
  ['a chain', [call('a', 'b'), call('b', 'c'), call('c', 'd')], [['d'], ['c'], ['b'], ['a']]],
  ['a diamond', [call('a', 'b'), call('a', 'c'), call('b', 'd'), call('c', 'd')], [['d'], ['b', 'c'], ['a']]],
  ['a service that calls itself', [call('a', 'a'), call('b', 'a')], [['a', 'c', 'd'], ['b']]],
  ['a circle, which somebody has to begin', [call('a', 'b'), call('b', 'a'), call('c', 'a')], [['d'], ['a', 'b', 'c']]],
])('starts callees before callers: %s', (_, edges, expected) => {
  expect(startOrder({ services, edges })).toEqual(expected);
});
