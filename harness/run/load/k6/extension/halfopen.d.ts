/** What `import halfopen from 'k6/x/halfopen'` gives to a k6 script. Name this file in `types` or `paths` of the scripts' tsconfig. */
declare module 'k6/x/halfopen' {
  /** An arrival of the plan's schedule. */
  export interface Arrival {
    readonly ordinal: number;
    /** Index of the request in the load. */
    readonly request: number;
  }

  /**
   * Starts the recording of an iteration: from now on every call of this virtual user through `k6/http` is recorded. Does nothing without
   * a harness, in setup and teardown, and a second time in one iteration.
   *
   * @throws in the script's own code, outside of an iteration
   */
  export function enter(): void;
  /** Ends the iteration; `thrown` is the exception that ended it. */
  export function leave(thrown?: unknown): void;
  /** A function that enters, does what `fn` does, and leaves when it returns, throws, or its promise is settled. */
  export function wrap<Args extends readonly unknown[], Result>(fn: (...args: Args) => Result): (...args: Args) => Result;
  /**
   * Waits for the next arrival and enters for it; null when there is none left or the test ends.
   *
   * @throws where the harness has given no schedule
   */
  export function next(): Arrival | null;
  /** Name of the run's current phase; empty without a harness. */
  export function phase(): string;
  /**
   * Sets a mark on the run's time axis.
   *
   * @throws if the name has not 1 to 200 bytes
   */
  export function mark(name: string, detail?: string): void;
  /** Trace id of this virtual user's latest recorded call: 32 hex digits; empty where it carried none. */
  export function traceId(): string;
  /** The run's id; empty without a harness. */
  export const runId: string;

  const halfopen: {
    readonly enter: typeof enter;
    readonly leave: typeof leave;
    readonly wrap: typeof wrap;
    readonly next: typeof next;
    readonly phase: typeof phase;
    readonly mark: typeof mark;
    readonly traceId: typeof traceId;
    readonly runId: string;
  };
  export default halfopen;
}
