import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

const BEAT_MS = 250;

/** Ends this process where its event loop cannot: when a journey's code never lets go of it, or when its parent is gone meanwhile. */
export function watchForStall(): void {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(fileURLToPath(new URL(`./stall-thread.${extension}`, import.meta.url)), {
    workerData: { beats, parentPid: process.ppid },
    execArgv: [],
  });
  worker.unref();
  setInterval(() => Atomics.add(beats, 0, 1), BEAT_MS).unref();
}
