import type { LoadContext, LoadDriver } from './contract.ts';
import { followLoad, startDriverProcess } from './driver-process.ts';
import { shareOf } from './share.ts';
import type { DriverJob, FromDriver, ToDriver } from './messages.ts';

/** How long the driver's process may take to be warm, in milliseconds. */
const READY_WITHIN_MS = 20_000;
const EXIT_WITHIN_MS = 1000;

/** Open-model HTTP load from a Node process of its own: up to about 3,000 arrivals a second and core. */
export const builtinDriver: LoadDriver = {
  kind: 'builtin',
  needs: [],
  schema: {},
  accepts: ['open'],
  describe: () => 'a Node process of its own',
  async start(context) {
    context.signal.throwIfAborted();
    const driver = startDriverProcess<ToDriver, FromDriver>({
      entry: new URL('./builtin-main', import.meta.url),
      called: 'load driver',
      env: { HALFOPEN_RUN: context.runId },
    });
    const running = followLoad(driver, { context, readyWithinMs: READY_WITHIN_MS, dispose: () => driver.end(EXIT_WITHIN_MS) });
    try {
      driver.tell({ kind: 'prepare', job: jobOf(context) });
      await running.ready;
      return running;
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
  },
};

function jobOf({ plan, ordinals, asksSentinel, entry, sentinel, clock, runId }: LoadContext): DriverJob {
  const { load } = plan;
  return {
    runId,
    seed: plan.seed,
    // Beside a load that it cannot send it may still ask the sentinel.
    load: load.kind === 'open' ? { requests: load.requests, values: load.values } : { requests: [], values: {} },
    ...shareOf(plan, ordinals),
    // An environment's address may carry more, which a message cannot.
    entry: { host: entry.host, port: entry.port },
    sentinel: { host: sentinel.host, port: sentinel.port },
    sentinelEveryUs: asksSentinel ? plan.sentinelEveryUs : null,
    totalUs: plan.phases.at(-1)?.toUs ?? 0,
    drainMs: plan.limits.drainMs,
    redact: plan.redact,
    originUs: clock.originUs,
  };
}
