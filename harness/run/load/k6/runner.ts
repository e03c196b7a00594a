/**
 * Runs inside k6, bundled into `runner.generated.ts`: sends the arrivals of a plan. When, is the extension's business (`next`
 * returns at an arrival's moment); what, is made here, by the same code as in the builtin driver.
 */
import http from 'k6/http';
import halfopen from 'k6/x/halfopen';
import { fillerOf, valuesOf } from '../fill.ts';
import { hexScatter } from '../scatter.ts';
import type { RunnerPlan } from './runner-plan.ts';

/** k6 could not make a URL of it; there was no call. */
const INVALID_URL = 1020;

/** Globals of a script's own code. */
const k6 = globalThis as unknown as { open(path: string): string; readonly __ENV: Readonly<Record<string, string>> };

const plan = JSON.parse(k6.open(k6.__ENV['HALFOPEN_K6_PLAN'] ?? '')) as RunnerPlan;
const values = valuesOf(plan, plan);
const lanes = plan.requests.map((template) => ({
  fill: fillerOf(template, values),
  timeout: template.timeoutMs,
  tags: { name: template.name },
}));
const traceOf = hexScatter(plan.seed, `${plan.runId}:load:trace`, 4);
const spanOf = hexScatter(plan.seed, `${plan.runId}:load:span`, 2);

export const options = plan.options;

export default function sendNext(): void {
  const next = halfopen.next();
  const lane = next === null ? undefined : lanes[next.request];
  if (next === null || lane === undefined) return;
  const { method, path, headers, body } = lane.fill(next.ordinal);
  headers['traceparent'] = `00-${traceOf(next.ordinal)}-${spanOf(next.ordinal)}-01`;
  const { error_code: code } = http.request(method, plan.origin + path, body, {
    headers,
    timeout: lane.timeout,
    tags: lane.tags,
    redirects: 0,
    responseType: 'none',
  });
  if (code === INVALID_URL) halfopen.mark('halfopen:unsent', `${next.ordinal} k6 cannot make a URL of ${path}`);
}
