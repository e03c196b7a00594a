import type { DriverTold, RunEvent } from '../../model/event.ts';
import type { Plan } from '../../model/plan.ts';
import type { RunDetail } from './payload.ts';

/** Most limits of the evidence that stand at the top of a run. */
const MAX_DEGRADED = 12;

const WORDS: Readonly<Record<Exclude<DriverTold['what'], 'degraded'>, string>> = {
  program: 'program',
  extension: 'extension',
  script: 'script',
  browser: 'browser',
  exit: 'ended',
};

/** Who sent the load, in which versions, from which code, and how it ended. */
export function driverFacts(plan: Plan, events: readonly RunEvent[]): RunDetail['facts'] {
  const told = events.filter((event) => event.kind === 'driver');
  const kinds = Object.entries(WORDS).flatMap(([what, words]) =>
    [...Map.groupBy(ofKind(told, what), ({ driver }) => driver)].map(([driver, own]) => [`${driver}: ${words}`, details(own)] as const),
  );
  const scripts = ofKind(told, 'script').map(({ detail }) => detail);
  const untold = plan.files.filter(({ path }) => !scripts.some((detail) => detail.includes(path)));
  const files = untold.map(({ path, sha256 }) => `${path} (sha256 ${sha256.slice(0, 12)}…)`);
  return [['Load driver', plan.driver], ...kinds, ...(files.length === 0 ? [] : [['Code of the load', files.join(' · ')] as const])];
}

function ofKind(told: readonly DriverTold[], wanted: string): DriverTold[] {
  return told.filter(({ what }) => what === wanted);
}

/** Processes of one driver that say the same are told once. */
function details(told: readonly DriverTold[]): string {
  const byDetail = Map.groupBy(told, ({ detail }) => detail);
  if (byDetail.size === 1) return told[0]?.detail ?? '';
  return [...byDetail].map(([detail, own]) => `${own.map(({ instance }) => instance).join(', ')}: ${detail}`).join(' · ');
}

/** What the evidence of this run lacks, each limit once. */
export function degradedOf(events: readonly RunEvent[]): readonly string[] {
  const told = events.filter((event) => event.kind === 'driver').filter(({ what }) => what === 'degraded');
  const all = [...new Set(told.map(({ driver, detail }) => `${driver}: ${detail}`))];
  return all.length <= MAX_DEGRADED ? all : [...all.slice(0, MAX_DEGRADED), `and ${all.length - MAX_DEGRADED} more in the log of the run`];
}
