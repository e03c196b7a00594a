import { lowerShare, upperShare, type Count } from '../../harness/gate/statistics/binomial.ts';
import { seededRandom, type Random } from '../../harness/model/random.ts';

/** What must be true of a share of data sets: covered at least so often, wrong at most so often, found about so often. */
export type Claim = { readonly atLeast: number } | { readonly atMost: number } | { readonly about: number; readonly within: number };

/** A claim of the gate's statistics that invented data can refute. */
export interface Simulation {
  readonly title: string;
  readonly claim: Claim;
  /** Invents one data set and says whether it counts. */
  counts(random: Random): boolean;
}

/** How sure the simulation must be before it refutes a claim: one claim in a thousand that just holds is refuted by chance. */
const SURE = 0.999;

export function simulate({ title, counts }: Simulation, dataSets: number): Count {
  const random = seededRandom(1, title);
  let hits = 0;
  for (let set = 0; set < dataSets; set++) if (counts(random)) hits++;
  return { hits, runs: dataSets };
}

/** Whether the simulation is at odds with the claim by more than its own error. */
export function isRefuted(count: Count, claim: Claim): boolean {
  if ('atLeast' in claim) return upperShare(count, SURE) < claim.atLeast;
  if ('atMost' in claim) return lowerShare(count, SURE) > claim.atMost;
  return upperShare(count, SURE) < claim.about - claim.within || lowerShare(count, SURE) > claim.about + claim.within;
}

export function describeClaim(claim: Claim): string {
  if ('atLeast' in claim) return `≥ ${percent(claim.atLeast)}`;
  if ('atMost' in claim) return `≤ ${percent(claim.atMost)}`;
  return `${percent(claim.about)} ± ${percent(claim.within)}`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share === Math.round(share * 100) / 100 ? 0 : 2)} %`;
}
