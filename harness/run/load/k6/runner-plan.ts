import { originOf } from '../origin.ts';
import type { OpenLoad, RequestTemplate } from '../../../model/load.ts';
import type { Plan } from '../../../model/plan.ts';
import type { Address } from '../../environments/contract.ts';
import { shareOf, type Share } from '../share.ts';

/** After an answer a virtual user needs a moment until it waits again, in microseconds. */
const MARGIN_US = 1_000_000;
/** Only a backstop: the harness ends k6 by itself. Counts from k6's own start, so it holds the wait for other drivers too. */
const BACKSTOP_MS = 15 * 60_000;

/** Most virtual users of a run whose configuration names no other number. */
export const VUS_MAX = 1000;

/** What the generic runner finds in its plan file: enough to make the request of any ordinal, and k6's options. */
export interface RunnerPlan {
  readonly seed: number;
  readonly runId: string;
  /** Where requests go: `http://127.0.0.1:8080`. */
  readonly origin: string;
  readonly requests: readonly RequestTemplate[];
  readonly values: OpenLoad['values'];
  readonly options: object;
}

/** Deals arrivals out in turn, in order of time, so that each process has the same shape of load; none gets an empty share. */
export function sharesOf(plan: Pick<Plan, 'schedule'>, ordinals: Uint32Array, processes: number): readonly Share[] {
  return Array.from({ length: Math.min(processes, ordinals.length) }, (_, index) =>
    shareOf(
      plan,
      ordinals.filter((_ordinal, place) => place % processes === index),
    ),
  );
}

/** Virtual users that no answer, however late, can use up: the most arrivals at once if each takes its whole timeout. */
export function vusFor({ intendedUs, request }: Share, requests: readonly RequestTemplate[]): number {
  const ends = intendedUs.map((atUs, place) => atUs + (requests[request[place] ?? 0]?.timeoutMs ?? 0) * 1000 + MARGIN_US).sort();
  let ended = 0;
  let most = 1;
  for (const [place, atUs] of intendedUs.entries()) {
    while ((ends[ended] ?? Infinity) <= atUs) ended++;
    most = Math.max(most, place + 1 - ended);
  }
  return most;
}

interface RunnerPlanRequest {
  readonly plan: Plan;
  readonly load: OpenLoad;
  readonly runId: string;
  readonly entry: Address;
  readonly arrivals: number;
  readonly vus: number;
}

export function runnerPlanOf({ plan, load, runId, entry, arrivals, vus }: RunnerPlanRequest): RunnerPlan {
  const totalMs = (plan.phases.at(-1)?.toUs ?? 0) / 1000;
  const maxDuration = `${Math.ceil(totalMs + plan.limits.drainMs + BACKSTOP_MS)}ms`;
  return {
    seed: plan.seed,
    runId,
    origin: originOf(entry),
    requests: load.requests.map(({ observe: _observe, schema: _schema, ...template }) => template),
    values: load.values,
    options: {
      // An iteration is a wait for one arrival. There is one more for each virtual user, so that the one who has its answer waits again,
      // with its open connection, to the very end; when the schedule is over they all return at once.
      scenarios: { arrivals: { executor: 'shared-iterations', vus, iterations: arrivals + vus, maxDuration, gracefulStop: '0s' } },
      discardResponseBodies: true,
      // k6 keeps what a name led to for five minutes; in a container the entry is a name.
      dns: { ttl: '0' },
      // The builtin driver says nothing of itself either.
      userAgent: '',
      // Tags are for the metrics, which nobody reads here.
      systemTags: ['name', 'status'],
    },
  };
}

/** The path of a request's URL, whatever was filled in, as a regular expression that Go reads as well. */
export function pathPattern({ path }: RequestTemplate): string {
  const [beforeQuery = ''] = path.split('?', 1);
  const pieces = beforeQuery.split(/\{[A-Za-z_][\w-]*\}/);
  return `^${pieces.map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`;
}
