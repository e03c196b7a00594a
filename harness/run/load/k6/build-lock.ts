import { randomUUID } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** How often the owner says that it lives, and after what silence it counts as dead. */
const BEAT_MS = 1000;
const DEAD_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 200;

/** Takes the lock `path`, or waits for whoever has it; one whose owner has died is taken over. */
export async function lockFile(path: string, signal: AbortSignal, onWait: () => void): Promise<Disposable> {
  let hasTold = false;
  while (!tryLock(path)) {
    if (isDead(path)) {
      putAside(path);
      continue;
    }
    if (!hasTold) onWait();
    hasTold = true;
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
  const beat = setInterval(() => touch(path), BEAT_MS);
  beat.unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(beat);
      rmSync(path, { force: true });
    },
  };
}

function tryLock(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isDead(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > DEAD_AFTER_MS;
}

/** Of several that see it dead, one moves it. */
function putAside(path: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Whoever took it for dead builds as well; both put a whole program in place.
  }
}
