import { setTimeout as delay } from 'node:timers/promises';
import type { Inside, InsideProgram, InsideSpec } from '../contract.ts';
import { reservePort } from '../ports.ts';
import type { Container } from './contract.ts';
import type { InsidePlace, Launched } from './launched.ts';
import { STOCK_IMAGE } from './machinery.ts';
import { containerName } from './names.ts';
import { Premises } from './premises.ts';

/** How long the engine may take to hand over what a program printed last, in milliseconds. */
const LAST_LINES_MS = 2000;

/** Lets the harness run programs of its own among the services; disposing it removes their containers. */
export function insideOf({ engine, ledger }: Launched, { network, entry, labels }: InsidePlace, runId: string): Inside & AsyncDisposable {
  const premises = new Premises(engine, ledger);
  const over = new AbortController();
  return {
    entry,
    async run({ name, port, onLine, ...asked }) {
      const ports = port === undefined ? [] : [{ container: port, host: await reservePort() }];
      const own = { name: containerName(runId, `halfopen-${name}`), image: STOCK_IMAGE, labels, network, aliases: [], ports };
      const container = await premises.run({ ...own, ...asked });
      const address = ports.map(({ host }) => ({ host: engine.host, port: host }))[0] ?? null;
      return { address, ...programIn(container, { onLine, signal: over.signal }) };
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      await premises[Symbol.asyncDispose]();
    },
  };
}

interface Watching extends Pick<InsideSpec, 'onLine'> {
  readonly signal: AbortSignal;
}

function programIn(container: Container, { onLine, signal }: Watching): Omit<InsideProgram, 'address'> {
  const ended = container.exited(signal);
  const read = container.lines(({ text }) => onLine(text), { signal, fromStart: true });
  const exited = ended.then(async (exit) => {
    await Promise.race([read, delay(LAST_LINES_MS, undefined, { ref: false })]);
    return exit;
  });
  // Whoever waits for it is told; nobody has to.
  exited.catch((reason: unknown) => reason);
  return { exited, stop: (graceMs) => container.stop(graceMs), kill: () => container.kill() };
}
