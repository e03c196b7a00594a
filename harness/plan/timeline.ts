import type { Catalogue } from '../model/catalogue.ts';
import type { ScheduledFault } from '../model/fault.ts';
import type { Phase, PhaseName, Plan, PlannedFault, Power } from '../model/plan.ts';
import type { Scenario, Timeline } from '../model/scenario.ts';
import { microseconds, milliseconds } from '../model/time.ts';

/** Phases and faults at their times, in microseconds since the load's start. */
export interface Layout {
  /** Back to back, from 0; phases of no length are left out. */
  readonly phases: readonly Phase[];
  readonly faults: readonly PlannedFault[];
  /** End of the baseline: faults count from here, and so does the fault phase. */
  readonly faultStartUs: number;
  readonly totalUs: number;
}

export interface LayoutOptions {
  readonly pace: Plan['pace'];
  readonly faults: Catalogue['faults'];
  /** What the environment offers: without a tap a canary has to show the bite. */
  readonly powers: readonly Power[];
}

/** Lays a scenario out in time. The fault phase lasts from the end of the baseline to the end of the last fault. */
export function layOut(scenario: Scenario, options: LayoutOptions): Layout {
  const { warmupMs, baselineMs, recoveryMs } = timelineAt(scenario, options.pace);
  const baselineStartUs = microseconds(warmupMs);
  const faultStartUs = microseconds(warmupMs + baselineMs);
  const faults = scenario.faults.map((fault, index) =>
    planFault(fault, { index, faultStartUs, system: scenario.system, kinds: options.faults, powers: options.powers }),
  );
  const faultEndUs = faults
    .flatMap(({ windows }) => windows.map(({ toUs }) => toUs))
    .reduce((last, toUs) => Math.max(last, toUs), faultStartUs);
  const totalUs = faultEndUs + microseconds(recoveryMs);
  const phase = (name: PhaseName, fromUs: number, toUs: number): Phase => ({ name, fromUs, toUs });
  const phases = [
    phase('warmup', 0, baselineStartUs),
    phase('baseline', baselineStartUs, faultStartUs),
    phase('fault', faultStartUs, faultEndUs),
    phase('recovery', faultEndUs, totalUs),
  ].filter(({ fromUs, toUs }) => toUs > fromUs);
  return { phases, faults, faultStartUs, totalUs };
}

function timelineAt({ timeline, pace }: Scenario, asked: Plan['pace']): Timeline {
  return asked === 'fast' ? { ...timeline, ...pace.fast } : timeline;
}

interface FaultPlace {
  readonly index: number;
  readonly faultStartUs: number;
  readonly system: Scenario['system'];
  readonly kinds: Catalogue['faults'];
  readonly powers: readonly Power[];
}

function planFault(scheduled: ScheduledFault, { index, faultStartUs, system, kinds, powers }: FaultPlace): PlannedFault {
  const kind = kinds[scheduled.inject.kind];
  if (kind === undefined) {
    const known = Object.keys(kinds).join(', ');
    throw new TypeError(
      `Cannot plan a fault as 'faults[${index}].inject.kind' must be one of ${known}: current value is '${scheduled.inject.kind}'; validate the scenario first`,
    );
  }
  const reach = kind.reach(scheduled.inject, system);
  return {
    name: scheduled.name,
    fault: scheduled.inject,
    summary: kind.describe(scheduled.inject),
    reach: powers.includes('tap') ? reach : { ...reach, bite: 'canary' },
    windows: windowsOf(scheduled, faultStartUs, `faults[${index}]`),
    needs: kind.needs,
  };
}

function windowsOf(scheduled: ScheduledFault, faultStartUs: number, path: string): PlannedFault['windows'] {
  const fromUs = faultStartUs + microseconds(milliseconds(scheduled.from, `${path}.from`));
  const lengthUs = microseconds(milliseconds(scheduled.for, `${path}.for`));
  const everyUs = scheduled.every === undefined ? 0 : microseconds(milliseconds(scheduled.every, `${path}.every`));
  const times = scheduled.every === undefined ? 1 : (scheduled.times ?? 1);
  return Array.from({ length: times }, (_, occurrence) => ({
    fromUs: fromUs + occurrence * everyUs,
    toUs: fromUs + occurrence * everyUs + lengthUs,
  }));
}
