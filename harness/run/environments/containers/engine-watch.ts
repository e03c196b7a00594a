import type Dockerode from 'dockerode';
import { calling, EngineLostError } from './engine-failure.ts';

const WATCH_EVERY_MS = 1000;
const WATCH_ANSWER_MS = 5000;

/** Rejects when the engine is gone: asks every second, and one answer that is late is not yet a death. */
export async function lost(dockerode: Dockerode, signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  let failures = 0;
  const ask = async (): Promise<void> => {
    if (signal.aborted) return;
    try {
      await calling('go on', dockerode.ping(), WATCH_ANSWER_MS);
      failures = 0;
    } catch (error) {
      failures++;
      if (failures > 1) reject(error);
    }
    if (failures < 2) setTimeout(() => void ask(), WATCH_EVERY_MS).unref();
  };
  void ask();
  return promise;
}

/**
 * A call that a client makes in several steps. When the engine goes away in the middle of it, the client may wait for the rest until its
 * own deadline, or tell something that came of it: here it ends with the engine, and for that reason.
 */
export async function whileThere<T>(dockerode: Dockerode, doing: string, call: Promise<T>, withinMs: number): Promise<T> {
  const over = new AbortController();
  try {
    return await calling(doing, Promise.race([call, lost(dockerode, over.signal)]), withinMs);
  } catch (error) {
    if (error instanceof EngineLostError) throw new EngineLostError(doing, error.cause);
    const reason = await absence(dockerode);
    throw reason === undefined ? error : new EngineLostError(doing, reason);
  } finally {
    over.abort();
  }
}

/** Why it does not answer; undefined where it does. */
async function absence(dockerode: Dockerode): Promise<unknown> {
  try {
    await calling('ask the container engine', dockerode.ping(), WATCH_ANSWER_MS);
    return undefined;
  } catch (error) {
    return error instanceof EngineLostError ? error.cause : undefined;
  }
}
