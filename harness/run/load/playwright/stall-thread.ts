/** A thread that outlasts a stuck event loop: it kills the process that it belongs to. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const LOOK_MS = 500;
/** How long the event loop may stand still, in milliseconds. */
const STALL_MS = 20_000;

const { beats, parentPid } = workerData as { readonly beats: Int32Array; readonly parentPid: number };
let lastBeat = Atomics.load(beats, 0);
let stalledMs = 0;

setInterval(() => {
  const beat = Atomics.load(beats, 0);
  stalledMs = beat === lastBeat ? stalledMs + LOOK_MS : 0;
  lastBeat = beat;
  if (stalledMs >= STALL_MS) {
    writeSync(2, `a journey's code held up the driver's process for ${STALL_MS} ms: it must give way with await\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  // Where the loop turns, it sees by itself that its channel is closed.
  if (process.ppid !== parentPid && stalledMs > 0) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
