import type { JourneyByUsers, JourneyTemplate, Load } from './load.ts';

/** One of the users who go a journey again and again, among all such users of a load. */
export interface LoadUser {
  /** From 0, in the order of the load's journeys. */
  readonly number: number;
  readonly journey: JourneyByUsers;
  /** The journey's place behind the load's requests, as in a schedule. */
  readonly request: number;
}

/** Whether users go it again and again, each when their last has ended; otherwise its arrivals stand in the schedule. */
export function isByUsers(journey: JourneyTemplate): journey is JourneyByUsers {
  return journey.users !== undefined;
}

/** The journeys of a load that are gone by users. */
export function journeysByUsers(load: Load): readonly JourneyByUsers[] {
  return load.kind === 'open' ? (load.journeys ?? []).filter(isByUsers) : [];
}

/** All users of a load. */
export function usersOf(load: Load): readonly LoadUser[] {
  return load.kind === 'open' ? numberedUsers(load.requests.length, load.journeys ?? []) : [];
}

/** All users of these journeys, which stand behind so many requests. */
export function numberedUsers(requests: number, journeys: readonly JourneyTemplate[]): readonly LoadUser[] {
  const each = journeys.flatMap((journey, index) =>
    isByUsers(journey) ? Array.from({ length: journey.users }, () => ({ journey, request: requests + index })) : [],
  );
  return each.map((user, number) => ({ number, ...user }));
}

/** How the arrivals of users are numbered. */
export interface UserNumbering {
  /** Arrivals of the schedule: these have the ordinals before. */
  readonly scheduled: number;
  /** All users of the load. */
  readonly users: number;
}

/**
 * The ordinal of a user's journey, the first of which has the repetition 0. It follows from who goes and how often they have gone, and
 * not from who was quicker: so do the journey's values, its trace id and its UUID.
 */
export function userOrdinal(user: number, repetition: number, { scheduled, users }: UserNumbering): number {
  return scheduled + repetition * users + user;
}

/** Whose journey an ordinal stands for, and which of theirs; null for an arrival of the schedule, or where there are no users. */
export function userAt(
  ordinal: number,
  { scheduled, users }: UserNumbering,
): { readonly user: number; readonly repetition: number } | null {
  const place = ordinal - scheduled;
  return users === 0 || place < 0 ? null : { user: place % users, repetition: Math.floor(place / users) };
}
