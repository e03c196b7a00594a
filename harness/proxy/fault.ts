import { setTimeout as delay } from 'node:timers/promises';
import { HarnessError } from '../model/problem.ts';
import { formatMs, milliseconds, type Duration } from '../model/time.ts';
import type { HeldCall, ReleaseRequest } from '../run/proxy/contract.ts';
import type { Control } from './control.ts';

/** A fault in force. Disposing it withdraws it; withdrawing twice is no error. */
export interface ActiveFault extends AsyncDisposable {
  readonly name: string;
  /** Exchanges (or connections, on a TCP callee) that it has touched since it was put in force: proof that it bit. */
  touched(): Promise<number>;
}

/** How held calls are released; all conditions together. */
export type Release = ReleaseRequest;

/** Holds calls until they are released. Withdrawing it passes on what it holds. */
export interface ActiveHold extends ActiveFault {
  /** The calls that it holds, oldest first. */
  held(): Promise<readonly HeldCall[]>;
  /**
   * Resolves when it holds so many calls.
   *
   * @throws {HarnessError} if it does not within the deadline
   */
  holding(calls: number, options?: { readonly deadline?: Duration }): Promise<readonly HeldCall[]>;
  /** Releases held calls, all of them and as they are unless told otherwise; answers how many. */
  release(release?: Release): Promise<number>;
}

const DEADLINE_MS = 5000;
const LOOK_EVERY_MS = 10;

/** What puts a fault in force, and how it is taken away again. */
export interface FaultSpec {
  readonly control: Control;
  readonly name: string;
  /** Path that names it once it is in force. */
  readonly path: string;
  onWithdrawn(): void;
}

/** The handle of a fault that is in force; `before` is what it had touched in an earlier life. */
export function activeFault({ control, name, path, onWithdrawn }: FaultSpec, before: number): ActiveFault {
  return {
    name,
    touched: async () => (await touchedBy(control, name)) - before,
    async [Symbol.asyncDispose]() {
      await control.ask({ what: `withdraw '${name}'`, method: 'DELETE', path, isUndo: true });
      onWithdrawn();
    },
  };
}

export function activeHold(spec: FaultSpec, before: number): ActiveHold {
  const { control, name, path } = spec;
  const held = async (): Promise<readonly HeldCall[]> =>
    (await control.ask({ what: `see what '${name}' holds`, method: 'GET', path: `${path}/held` })) as readonly HeldCall[];
  return {
    ...activeFault(spec, before),
    held,
    async holding(calls, options = {}) {
      const deadlineMs = milliseconds(options.deadline ?? DEADLINE_MS, 'deadline');
      const untilMs = performance.now() + deadlineMs;
      for (;;) {
        const found = await held();
        if (found.length >= calls) return found;
        if (performance.now() >= untilMs)
          throw new HarnessError(
            `Cannot wait for ${calls} calls that '${name}' holds: it held ${found.length} after ${formatMs(deadlineMs)}`,
          );
        await delay(LOOK_EVERY_MS);
      }
    },
    async release(release = {}) {
      const answer = await control.ask({ what: `release what '${name}' holds`, method: 'POST', path: `${path}/release`, body: release });
      return (answer as { readonly released: number }).released;
    },
  };
}

/** What a fault of that name has touched since the proxy started. */
export async function touchedBy(control: Control, name: string): Promise<number> {
  const counts = (await control.ask({ what: `count what '${name}' touched`, method: 'GET', path: '/halfopen/touched' })) as Readonly<
    Record<string, number>
  >;
  return counts[name] ?? 0;
}
