/**
 * Runs inside a k6 without the extension, bundled into `stock-runner.generated.ts`: sends the arrivals of a plan at their moments and
 * tells of them by metrics of its own, which k6's JSON output carries out. Each virtual user takes the next arrival and waits for its
 * moment; one that comes too late for it finds that no other was free either, and drops it.
 */
import { sleep } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { fillerOf, valuesOf } from '../fill.ts';
import { hexScatter } from '../scatter.ts';
import type { StockArrival, StockPlan } from './stock-plan.ts';

type Answer = ReturnType<typeof http.request>;

const PADDING = ' '.repeat(4096);
const PULSE_S = 0.1;
/** How long the harness may take until it names the start. */
const PATIENCE_MS = 15 * 60_000;
/** k6's code for what has no other. */
const OTHER_FAILURE = 1000;
/** So late, in milliseconds, a virtual user comes only if none was free; starting a thousand of them takes a good part of it. */
const TOO_LATE_MS = 500;

/** Globals of a script's own code. */
const k6 = globalThis as unknown as { open(path: string): string; readonly __ENV: Readonly<Record<string, string>> };

const plan = JSON.parse(k6.open(k6.__ENV['HALFOPEN_K6_PLAN'] ?? '')) as StockPlan;
// One copy for all virtual users.
const arrivals = new SharedArray('arrivals', () => JSON.parse(k6.open(k6.__ENV['HALFOPEN_K6_ARRIVALS'] ?? '')) as StockArrival[]);
const values = valuesOf(plan, plan);
const lanes = plan.requests.map((template, index) => ({
  fill: fillerOf(template, values),
  timeout: template.timeoutMs,
  responseType: plan.bodies[index] === true ? ('text' as const) : ('none' as const),
}));
const traceOf = hexScatter(plan.seed, `${plan.runId}:load:trace`, 4);
const spanOf = hexScatter(plan.seed, `${plan.runId}:load:span`, 2);

const begun = new Counter('halfopen_begun');
const answered = new Counter('halfopen_answered');
const dropped = new Counter('halfopen_dropped');
const pulse = new Counter('halfopen_pulse');

export const options = plan.options;

/** Holds the start until the harness names it, and says when that is on the clock of the test run, in milliseconds. */
export function setup(): { readonly zeroMs: number } {
  const { status, body } = http.get(k6.__ENV['HALFOPEN_K6_START'] ?? '', { timeout: PATIENCE_MS, responseType: 'text' });
  if (status !== 200) throw new Error('the harness is gone');
  return { zeroMs: Number(body) - wallAtRunStartMs() };
}

/** k6's wall clock has whole milliseconds, the test run's has more: at the turn of a millisecond both are exact. */
function wallAtRunStartMs(): number {
  const before = Date.now();
  let now = before;
  while (now === before) now = Date.now();
  return now - exec.instance.currentTestRunDuration;
}

export default function sendNext({ zeroMs }: { readonly zeroMs: number }): void {
  const arrival = arrivals[exec.scenario.iterationInTest];
  const lane = arrival === undefined ? undefined : lanes[arrival.request];
  if (arrival === undefined || lane === undefined) return;
  const { metadata } = exec.vu.metrics;
  metadata['ord'] = arrival.ordinal;
  const waitMs = zeroMs + arrival.atUs / 1000 - exec.instance.currentTestRunDuration;
  if (waitMs < -TOO_LATE_MS) return dropped.add(1);
  if (waitMs > 0) sleep(waitMs / 1000);

  const { method, path, headers, body } = lane.fill(arrival.ordinal);
  const traceId = traceOf(arrival.ordinal);
  headers['traceparent'] = `00-${traceId}-${spanOf(arrival.ordinal)}-01`;
  withMetadata({ trace: traceId }, () => begun.add(1));
  const { timeout, responseType } = lane;
  try {
    const answer = http.request(method, plan.origin + path, body, { headers, timeout, responseType, redirects: 0 });
    withMetadata(detailsOf(answer), () => answered.add(1));
  } catch (error) {
    withMetadata({ status: 0, code: OTHER_FAILURE, error: String(error) }, () => answered.add(1));
  }
}

/** k6 writes its output out when 4 kB of it have come together; this sees to it that they do, until the last arrival is over. */
export function keepFlowing(): void {
  const { instance } = exec;
  while (instance.iterationsCompleted + instance.iterationsInterrupted < arrivals.length) {
    withMetadata({ padding: PADDING }, () => pulse.add(1));
    sleep(PULSE_S);
  }
}

function detailsOf({ status, error_code: code, error, timings, headers, body }: Answer): Readonly<Record<string, string | number>> {
  return {
    status,
    code,
    error,
    receivingMs: timings.receiving,
    connectingMs: timings.connecting,
    length: headers['Content-Length'] ?? 0,
    ...(typeof body === 'string' ? { body: body.slice(0, plan.bodyLength + 1) } : {}),
  };
}

/** What is told goes into the metadata of one sample, and of no other. */
function withMetadata(said: Readonly<Record<string, string | number>>, tell: () => void): void {
  const { metadata } = exec.vu.metrics;
  for (const [name, value] of Object.entries(said)) metadata[name] = value;
  tell();
  for (const name of Object.keys(said)) delete metadata[name];
}
