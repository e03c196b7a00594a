import { Agent, request } from 'node:http';
import type { Sink } from '../../model/sink.ts';
import type { RunClock } from '../clock.ts';

export interface ReadinessSampling {
  /** Service → URL of its `ready` path. */
  readonly urls: Readonly<Record<string, string>>;
  /** @default 100 */
  readonly everyMs?: number;
  readonly clock: RunClock;
  readonly sink: Sink;
  /** Ends the sampling. */
  readonly signal: AbortSignal;
}

/** How long a service may take to say whether it is ready, in milliseconds. */
const ANSWER_MS = 1000;

/**
 * Asks each service for its `ready` path until `signal` aborts, and records every answer. Each service is asked over a
 * connection of its own, and again only when it has answered or its time is up. Resolves when nothing is in flight.
 */
export async function sampleReadiness({ urls, everyMs = 100, clock, sink, signal }: ReadinessSampling): Promise<void> {
  await Promise.all(
    Object.entries(urls).map(async ([service, url]) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      signal.addEventListener('abort', () => agent.destroy(), { once: true });
      let nextUs = clock.nowUs();
      while (await passes(clock, nextUs, signal)) {
        const atUs = clock.nowUs();
        const status = await askOnce(url, agent, signal);
        if (signal.aborted) break;
        const row = { kind: 'readiness', atUs, service, ready: status === 200, answeredUs: clock.nowUs(), status } as const;
        sink({ table: 'events', row });
        nextUs = Math.max(nextUs + everyMs * 1000, clock.nowUs());
      }
      agent.destroy();
    }),
  );
}

async function passes(clock: RunClock, atUs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.until(atUs, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** The status of one answer, 0 where none came. */
function askOnce(url: string, agent: Agent, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(url, { agent, signal }, (answer) => {
      // The status is all that counts, but a body that is not read would hold the connection.
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
      answer.once('error', () => resolve(0));
      answer.once('close', () => resolve(0));
    });
    const timer = setTimeout(() => asked.destroy(), ANSWER_MS);
    asked.once('error', () => resolve(0));
    asked.once('close', () => {
      clearTimeout(timer);
      resolve(0);
    });
    asked.end();
  });
}
