import { originOf } from '../origin.ts';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '../../../model/limits.ts';
import type { OpenLoad } from '../../../model/load.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { NewEvent } from '../../../model/sink.ts';
import type { LoadContext, RunningLoad } from '../contract.ts';
import { openArrivals } from './arrivals.ts';
import { shiftOf } from './clock-reading.ts';
import { openCourse } from './course.ts';
import { describeExit } from './exit.ts';
import { placeOf } from './in-container.ts';
import { startK6, type K6Invocation, type K6Process } from './process.ts';
import type { Job } from './protocol.ts';
import type { Share } from '../share.ts';
import { pathPattern, runnerPlanOf, vusFor, VUS_MAX } from './runner-plan.ts';
import { runnerScript } from './runner.generated.ts';
import type { K6Tier } from './stock.ts';

/** From the job to all virtual users waiting, in milliseconds: a thousand of them take some seconds. */
const WARM_WITHIN_MS = 60_000;

/** What one k6 process of the generic runner is to do. */
export interface GenericShare {
  readonly context: LoadContext;
  readonly load: OpenLoad;
  readonly executable: string;
  readonly share: Share;
  readonly instance: string;
  /** How many processes there are: virtual users are shared between them. */
  readonly processes: number;
  /** @default that of a k6 with our extension */
  readonly tier?: K6Tier;
}

/**
 * Starts one k6 with the generic runner and its part of the schedule; resolves when all of its virtual users wait for the first arrival.
 *
 * @throws {UsageError} if a request's schema is no JSON Schema
 * @throws {HarnessError} if k6 does not start
 */
export async function startGenericLoad(given: GenericShare): Promise<RunningLoad> {
  const { context, instance, tier = EXTENDED } = given;
  await using stack = new AsyncDisposableStack();
  const vus = vusOf(given);
  let shiftUs = 0;
  const runUs = (at: number): number => Math.round(at - shiftUs - context.clock.originUs);
  const arrivals = openArrivals({ ...context, ...given, seed: context.plan.seed, runUs });
  const isWarm = Promise.withResolvers<void>();
  const course = openCourse({ context, arrivals, instance, runUs, onWaiting: (count) => count >= vus && isWarm.resolve() });
  const k6 = stack.use(
    await tier.start({
      ...context,
      ...given,
      ownsScript: 'harness',
      prepare: (folder) => tier.prepare(folder, given, vus),
      onRecords: course.onRecords,
    }),
  );
  tellOf(k6, given, vus);
  k6.send(jobOf(given));
  const reading = await k6.readClock();
  shiftUs = shiftOf(reading);
  context.onEvent({ kind: 'clock', atUs: context.clock.nowUs(), source: instance, ...reading });
  await warm(isWarm.promise, k6, context.signal);
  course.follow(k6);
  const kept = stack.move();
  return {
    ended: course.ended,
    begin(atUs) {
      arrivals.begin(atUs);
      k6.send({ c: 'begin', at: context.clock.originUs + atUs + shiftUs });
    },
    stop: course.stop,
    notice: (event: NewEvent) => {
      if (event.kind === 'phase') k6.send({ c: 'phase', name: event.phase });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function vusOf({ context, load, share, processes }: GenericShare): number {
  const most = Math.max(1, Math.floor((context.plan.k6.vusMax ?? VUS_MAX) / processes));
  return Math.min(vusFor(share, load.requests), most);
}

async function prepare(folder: string, { context, load, share }: GenericShare, vus: number): Promise<K6Invocation> {
  const { plan, runId, inside, entry } = context;
  const runnerPlan = runnerPlanOf({ plan, load, runId, entry: inside?.entry ?? entry, arrivals: share.ordinals.length, vus });
  const paths = { script: join(folder, 'runner.js'), plan: join(folder, 'plan.json'), config: join(folder, 'config.json') };
  await writeFile(paths.script, runnerScript);
  await writeFile(paths.plan, JSON.stringify(runnerPlan));
  // The user's own configuration of k6 is none of this run's business.
  await writeFile(paths.config, '{}');
  return { args: ['--config', paths.config, '--no-thresholds', paths.script], env: { HALFOPEN_K6_PLAN: paths.plan } };
}

function tellOf({ hello }: K6Process, { context, share, load, instance, tier = EXTENDED }: GenericShare, vus: number): void {
  const tell = (what: 'program' | 'extension' | 'script' | 'degraded', detail: string): void =>
    context.onEvent({ kind: 'driver', atUs: context.clock.nowUs(), driver: 'k6', instance, what, detail });
  const place = tier === EXTENDED ? placeOf(context) : '';
  tell('program', `k6 ${hello.k6}, ${hello.go}${place}`);
  if (tier === EXTENDED) tell('extension', `halfopen ${hello.extension}, protocol ${hello.protocol}`);
  for (const limit of tier.limits) tell('degraded', limit);
  if (tier === EXTENDED) tell('script', `halfopen's own runner, sha256 ${createHash('sha256').update(runnerScript).digest('hex')}`);
  const wanted = vusFor(share, load.requests);
  if (wanted > vus) {
    tell(
      'degraded',
      `${wanted} virtual users would be needed if every answer took its whole timeout, ${vus} are allowed (k6.vusMax): what finds none is shed`,
    );
  }
}

function jobOf({ context, load, share }: GenericShare): Job {
  const wanted = load.requests.filter(({ observe, schema }) => observe !== undefined || schema !== undefined);
  return {
    c: 'job',
    schedule: { ordinals: [...share.ordinals], atUs: [...share.intendedUs].map(Math.round), request: [...share.request] },
    bodies: wanted.map((template) => ({ method: template.method, path: pathPattern(template) })),
    bodyBytes: LIMITS.bodyBytes,
    samples: false,
    traced: [originOf(context.inside?.entry ?? context.entry)],
  };
}

/** A k6 with our extension. */
const EXTENDED: K6Tier = { start: startK6, prepare, limits: [] };

async function warm(allWait: Promise<void>, k6: K6Process, signal: AbortSignal): Promise<void> {
  const failed = Promise.withResolvers<never>();
  const onAbort = (): void => failed.reject(signal.reason as Error);
  const timer = setTimeout(
    () => failed.reject(new HarnessError(k6.quote(`k6's virtual users were not there within ${WARM_WITHIN_MS} ms`))),
    WARM_WITHIN_MS,
  );
  signal.addEventListener('abort', onAbort, { once: true });
  k6.exited.then(
    (exit) => failed.reject(new HarnessError(k6.quote(`k6 ended before the load began: ${describeExit(exit)}`))),
    failed.reject,
  );
  try {
    signal.throwIfAborted();
    await Promise.race([allWait, failed.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    failed.promise.catch(() => undefined);
  }
}
