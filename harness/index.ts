/**
 * The public names of halfopen: no logic here.
 */

// Declaring a system, a hypothesis, a configuration.
export { postgres, rabbitmq, redis } from './scenario/backing.ts';
export { defineConfig } from './scenario/config.ts';
export { defineScenario, defineSystem } from './scenario/define.ts';

// Load.
export { constant, del, get, journeyOf, k6Script, openLoad, poisson, post, put, ramp, request, spike } from './scenario/load.ts';

// Faults on an edge.
export { bandwidth } from './run/faults/bandwidth.ts';
export { blackhole } from './run/faults/blackhole.ts';
export { corrupt } from './run/faults/corrupt.ts';
export { latency } from './run/faults/latency.ts';
export { limitData } from './run/faults/limit-data.ts';
export { loss } from './run/faults/loss.ts';
export { partition } from './run/faults/partition.ts';
export { refuse } from './run/faults/refuse.ts';
export { reset } from './run/faults/reset.ts';
export { slice } from './run/faults/slice.ts';
export { slowClose } from './run/faults/slow-close.ts';

// Faults on the requests of an HTTP edge.
export { httpAbort } from './run/faults/http-abort.ts';
export { httpCorrupt } from './run/faults/http-corrupt.ts';
export { httpDelay } from './run/faults/http-delay.ts';
export { httpEdit } from './run/faults/http-edit.ts';
export { httpHang } from './run/faults/http-hang.ts';
export { httpHold } from './run/faults/http-hold.ts';
export { httpQuota } from './run/faults/http-quota.ts';
export { httpStatus } from './run/faults/http-status.ts';
export { httpTruncate } from './run/faults/http-truncate.ts';
export { replyLate } from './run/faults/reply-late.ts';
export { replyLost } from './run/faults/reply-lost.ts';
export { slowBody } from './run/faults/slow-body.ts';

// Faults on a service as a process.
export { kill } from './run/faults/kill.ts';
export { pause } from './run/faults/pause.ts';
export { restart } from './run/faults/restart.ts';
export { stop } from './run/faults/stop.ts';

// Faults on a service as a container.
export { disconnect } from './run/faults/disconnect.ts';
export { netem } from './run/faults/netem.ts';
export { squeeze } from './run/faults/squeeze.ts';
export { unresolvable } from './run/faults/unresolvable.ts';

// Probes.
export { stdoutEvents } from './run/probes/stdout.ts';

// What a scenario expects.
export { atMostOnce } from './analysis/checks/at-most-once.ts';
export { availability } from './analysis/checks/availability.ts';
export { backoff } from './analysis/checks/backoff.ts';
export { breaker } from './analysis/checks/breaker.ts';
export { delivery } from './analysis/checks/delivery.ts';
export { failsFast } from './analysis/checks/fails-fast.ts';
export { fallback } from './analysis/checks/fallback.ts';
export { isolation } from './analysis/checks/isolation.ts';
export { latencyWithin } from './analysis/checks/latency-within.ts';
export { page } from './analysis/checks/page.ts';
export { readinessTruth } from './analysis/checks/readiness-truth.ts';
export { recovery } from './analysis/checks/recovery.ts';
export { retries } from './analysis/checks/retries.ts';
export { stampede } from './analysis/checks/stampede.ts';
export { thresholds } from './analysis/checks/thresholds.ts';

// Running.
export {
  planScenario,
  reanalyze,
  releaseEnvironments,
  runScenario,
  type PlanRequest,
  type RunRequest,
  type RunResult,
} from './pipeline.ts';

// The words that the above are made of.
export type { BreakerState } from './model/breaker.ts';
export type { CustomReporter, EndedRun, ReportTexts, SuiteAhead } from './model/custom-reporter.ts';
export type { Fault, ScheduledFault } from './model/fault.ts';
export type { Finding } from './model/finding.ts';
export type { Load, Outcome as RequestOutcome, RequestTemplate } from './model/load.ts';
export type { JudgedFinding, Outcome, RunVerdict, ScenarioOutcome } from './model/outcome.ts';
export type { Plan } from './model/plan.ts';
export { HarnessError, UsageError, type Problem } from './model/problem.ts';
export type { Recording } from './model/recording.ts';
export type { RunStatistics, UnusableRun } from './model/run-statistics.ts';
export type { Config, Expectation, GuardLimits, Scenario } from './model/scenario.ts';
export type { Slo, SloDeclaration } from './model/slo.ts';
export type { AttachSettings, ComposeSettings, DockerSettings } from './model/place.ts';
export type { System } from './model/system.ts';
export type { Duration } from './model/time.ts';
export type { Verdict } from './model/verdict.ts';
