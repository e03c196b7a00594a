import type { RunDetail } from '../payload.ts';
import { at, count, latency } from './format.ts';
import { OUTCOME_CLASSES } from '../payload.ts';

/** One fact about the bucket under the cursor. */
export interface Reading {
  readonly name: string;
  readonly value: string;
}

/** What every lane says of one bucket. */
export function readingsAt(detail: RunDetail, cursorMs: number, groupIndex: number): Reading[] {
  const bucket = Math.round((cursorMs - detail.span.fromMs) / detail.bucketMs);
  const endMs = cursorMs + detail.bucketMs;
  const group = detail.arrivals[groupIndex] ?? detail.arrivals[0];
  const readings: Reading[] = [{ name: 'At', value: `${at(cursorMs)} to ${at(endMs)}` }];
  const phase = detail.phases.find(({ fromMs, toMs }) => cursorMs >= fromMs && cursorMs < toMs);
  if (phase !== undefined) readings.push({ name: 'Phase', value: phase.name });
  const acting = detail.faults.filter(({ windows }) =>
    windows.some(
      ({ acknowledgedMs, withdrawnMs }) => acknowledgedMs !== null && acknowledgedMs < endMs && (withdrawnMs ?? Infinity) > cursorMs,
    ),
  );
  if (acting.length > 0)
    readings.push({ name: 'Fault', value: acting.map(({ name, touched }) => `${name}, touched ${touched[bucket] ?? 0}`).join('; ') });
  for (const lane of detail.breakers) {
    const states = lane.stretches.filter(({ fromMs, toMs }) => fromMs < endMs && toMs > cursorMs).map(({ state }) => state);
    readings.push({ name: lane.name, value: states.join(' → ') || 'between two states' });
  }
  if (group !== undefined) {
    const parts = OUTCOME_CLASSES.flatMap((name) =>
      (group.counts[name][bucket] ?? 0) === 0 ? [] : [`${count(group.counts[name][bucket] ?? 0)} ${name}`],
    );
    readings.push({
      name: group.name === '' ? 'Arrivals' : `Arrivals of ${group.name}`,
      value: parts.length === 0 ? 'none' : parts.join(', '),
    });
    const [p50, p95, slowest] = [group.p50Ms[bucket], group.p95Ms[bucket], group.maxMs[bucket]];
    readings.push({
      name: 'Latency',
      value:
        p50 === null || p50 === undefined ? 'nothing was sent' : `p50 ${latency(p50)}, p95 ${latency(p95)}, slowest ${latency(slowest)}`,
    });
  }
  for (const edge of detail.edges) {
    const first = edge.first[bucket] ?? 0;
    const repeated = edge.repeated[bucket] ?? 0;
    readings.push({
      name: edge.edge,
      value: `${count(first + repeated)} calls, ${count(repeated)} repeated, ${count(edge.failed[bucket] ?? 0)} failed`,
    });
  }
  for (const lane of detail.services) {
    const states = lane.stretches.filter(({ fromMs, toMs }) => fromMs < endMs && toMs > cursorMs).map(({ state }) => state);
    if (states.some((state) => state !== 'ready')) readings.push({ name: lane.service, value: states.join(' → ') });
  }
  return readings;
}

export function readingWords(readings: readonly Reading[]): string {
  return readings.map(({ name, value }) => (name === 'At' ? value : `${name}: ${value}`)).join('; ');
}
