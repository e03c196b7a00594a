/**
 * Undoes what a dead harness has written down. It runs in a session of its own and holds a pipe from the harness; when that closes it waits
 * until the harness is dead or nothing is written down any more. What it does goes to stdout, which is a log beside the ledgers.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Owner } from './ledger/contract.ts';
import { lifeOf, readLedgers, type StoredLedger } from './ledger/index.ts';

/** The whole work is over after this, done or not, in milliseconds. */
const END_MS = 25_000;
/** Tries end here, so that there is time left to say how it went. */
const WORK_MS = 23_000;
const LOOK_EVERY_MS = 100;
const AGAIN_AFTER_MS = 2000;
/** For how long nothing more of the run must turn up: an engine goes on with what it was asked for. */
const QUIET_MS = 2000;

const [folder = '', ownerText = ''] = process.argv.slice(2);
if (folder === '' || ownerText === '') throw new TypeError(`Cannot watch as 'folder' and 'owner' must be given: current value is nothing`);
const owner = JSON.parse(ownerText) as Owner;

function ledgersLeft(): readonly StoredLedger[] {
  return readLedgers(folder).filter(
    ({ owner: { pid, startedTicks, bootId } }) => pid === owner.pid && startedTicks === owner.startedTicks && bootId === owner.bootId,
  );
}

function log(text: string): void {
  process.stdout.write(`${new Date().toISOString()} ${text}\n`);
}

const logged = new Set<string>();
function logOnce(text: string): void {
  if (!logged.has(text)) log(text);
  logged.add(text);
}

async function reap(): Promise<void> {
  // A thread's end closes the pipe as well, and its process may go on.
  for (let life = lifeOf(owner); life.is !== 'dead'; life = lifeOf(owner)) {
    if (ledgersLeft().length === 0) return;
    logOnce(`the pipe is closed, and ${life.because}: waiting for its end`);
    await delay(LOOK_EVERY_MS);
  }
  setTimeout(() => {
    log(`gave up after ${END_MS} ms: the next run or \`halfopen clean\` goes on`);
    process.exit(1);
  }, END_MS).unref();
  const signal = AbortSignal.timeout(WORK_MS);
  // Most reapers never need it: it waits here until it is.
  const { runsOf, undoLeftovers } = await import('./leftovers.ts');
  for (let ledgers = ledgersLeft(); ledgers.length > 0; ledgers = ledgersLeft()) {
    const undone = await undoLeftovers(runsOf(ledgers, []), {
      signal,
      quietMs: QUIET_MS,
      onUndone: ({ what, outcome, reason }, { runId, life }) =>
        logOnce(`run ${runId} (${life.because}): ${what} ${outcome}${reason === '' ? '' : `: ${reason}`}`),
    });
    if (signal.aborted || undone.every(({ outcome }) => outcome !== 'left')) return;
    await delay(AGAIN_AFTER_MS, undefined, { signal }).catch((reason: unknown) => reason);
  }
}

let reaping: Promise<void> | undefined;
function begin(): void {
  reaping ??= reap().then(
    () => process.exit(0),
    (error: unknown) => {
      log(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      process.exit(1);
    },
  );
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
for (const event of ['end', 'close', 'error']) process.stdin.on(event, begin);
process.stdin.resume();
