// Goal: an ordinal says whose journey it is and which of theirs, and no two journeys have the same one, however often anybody goes.
import { expect, it } from 'vitest';
import type { OpenLoad } from '../../../harness/model/load.ts';
import { journeysByUsers, userAt, userOrdinal, usersOf } from '../../../harness/model/users.ts';

const way = { file: 'a.ts', export: 'default', timeoutMs: 1000 };
const request = { name: 'quote', method: 'GET', path: '/', weight: 1, headers: {}, timeoutMs: 1000 };
const load: OpenLoad = {
  kind: 'open',
  arrivals: { kind: 'constant', ratePerSecond: 1 },
  requests: [request],
  values: {},
  journeys: [
    { ...way, name: 'looking', users: 2, thinkMs: 0 },
    { ...way, name: 'buying', ratePerSecond: 1 },
    { ...way, name: 'browsing', users: 1, thinkMs: 5 },
  ],
};

it('numbers the users through all journeys that are gone by users', () => {
  expect(usersOf(load).map(({ number, journey, request: place }) => [number, journey.name, place])).toEqual([
    [0, 'looking', 1],
    [1, 'looking', 1],
    [2, 'browsing', 3],
  ]);
  expect(journeysByUsers(load).map(({ name }) => name)).toEqual(['looking', 'browsing']);
  expect(usersOf({ kind: 'k6-script', file: 'a.js', requests: [], env: {} })).toEqual([]);
});

it('gives each turn of each user an ordinal of its own behind the schedule, and reads it back', () => {
  const numbering = { scheduled: 7, users: 3 };
  const ordinals = [0, 1, 2].flatMap((user) =>
    [0, 1, 2, 3].map((repetition) => ({ user, repetition, ordinal: userOrdinal(user, repetition, numbering) })),
  );
  expect(ordinals.map(({ ordinal }) => ordinal).toSorted((left, right) => left - right)).toEqual(
    Array.from({ length: 12 }, (_, index) => 7 + index),
  );
  for (const { user, repetition, ordinal } of ordinals) expect(userAt(ordinal, numbering)).toEqual({ user, repetition });
  expect([userAt(6, numbering), userAt(9, { scheduled: 7, users: 0 })]).toEqual([null, null]);
});
