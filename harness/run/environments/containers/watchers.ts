import { HarnessError } from '../../../model/problem.ts';
import type { ServiceLog } from '../service-log.ts';
import type { Container, Engine } from './contract.ts';

/** Containers that an engine stops because it is being stopped itself end within this of each other. */
const OTHERS_EXIT_WITHIN_MS = 700;
/** How long such an engine may take to be gone, and its loss to be noticed. */
const ENGINE_GOES_WITHIN_MS = 8000;

/** Watches what no run can do without: the engine, and the harness's own containers, whose output goes to the log of the run at hand. */
export class Watchers implements Disposable {
  readonly broken: Promise<never>;
  readonly #over = new AbortController();
  readonly #forgotten = new Set<Container>();
  #exits = 0;
  readonly #break: (reason: unknown) => void;
  #log: ServiceLog | undefined;

  constructor(engine: Engine, log: ServiceLog) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.broken = promise;
    this.#break = reject;
    this.#log = log;
    // Whoever waits for it is told; until then a failure must not count as unhandled.
    promise.catch((reason: unknown) => reason);
    engine.lost(this.#over.signal).catch((error: unknown) => this.#report(error));
  }

  /** The log of the run that is at hand; none between two runs. */
  logTo(log: ServiceLog | undefined): void {
    this.#log = log;
  }

  /** From now on its end is a failure of the harness. */
  watch(container: Container): void {
    const { signal } = this.#over;
    container
      .lines(({ text }) => this.#log?.write(`${container.name}: ${text}`), { signal, fromStart: true })
      .catch((error: unknown) => this.#log?.write(`${container.name}: its output cannot be read: ${(error as Error).message}`));
    container.exited(signal).then(
      ({ exitCode }) => {
        if (this.#forgotten.has(container)) return;
        const reason = new HarnessError(`The harness's own container ${container.name} exited with code ${exitCode}`);
        this.#exits++;
        setTimeout(() => this.#reportUnlessAll(reason), OTHERS_EXIT_WITHIN_MS);
      },
      // Its wait was ended, or the engine is gone, which is told by the one who asks the engine.
      (error: unknown) => error,
    );
  }

  /** It is about to be replaced. */
  forget(container: Container): void {
    this.#forgotten.add(container);
  }

  /** What `work` resolves to, or why there is no use in waiting for it. */
  unlessBroken<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.broken]);
  }

  [Symbol.dispose](): void {
    this.#over.abort(new HarnessError('The containers are being taken down'));
  }

  /** An engine that is being stopped stops all containers first, and then goes away: that is the reason to tell. */
  #reportUnlessAll(reason: HarnessError): void {
    if (this.#exits === 1) return this.#report(reason);
    setTimeout(() => this.#report(reason), ENGINE_GOES_WITHIN_MS);
  }

  #report(reason: unknown): void {
    if (!this.#over.signal.aborted) this.#break(reason);
  }
}
