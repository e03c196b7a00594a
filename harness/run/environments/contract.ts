import type { EnvironmentKind } from '../../model/catalogue.ts';
import type { Plan } from '../../model/plan.ts';
import type { Sink } from '../../model/sink.ts';
import type { Resources } from '../../model/system.ts';
import type { RunClock } from '../clock.ts';
import type { Ledger } from '../ledger/contract.ts';
import type { RunningProxy } from '../proxy/contract.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Services as processes, for faults that act on them. Each call resolves when the new state was read back. */
export interface ProcessControl {
  /** SIGKILL to the service's whole process group. Killing the dead is no error. */
  kill(service: string): Promise<void>;
  /** Starts a service that is down; does not wait for its readiness. Starting the living is no error. */
  start(service: string): Promise<void>;
  /** SIGTERM, and SIGKILL to what is left after `LIMITS.stopMs`. Stopping the dead is no error. */
  stop(service: string): Promise<void>;
  /** SIGSTOP to the whole process group. */
  pause(service: string): Promise<void>;
  resume(service: string): Promise<void>;
}

/** Services as containers, for faults that need them to be. Each call resolves when the new state was read back. */
export interface ContainerControl {
  /** Takes the service off the run's network: nobody reaches it and it reaches nobody. Again is no error. */
  disconnect(service: string): Promise<void>;
  /** Puts it back, under the names that it had. */
  connect(service: string): Promise<void>;
  /** Takes the service's names off the network: it runs and is connected, and new look-ups of its name fail. */
  unname(service: string): Promise<void>;
  name(service: string): Promise<void>;
  /** Leaves the container only so much, from now on. */
  squeeze(service: string, resources: Resources): Promise<void>;
  /** Gives it back what it was started with. */
  relax(service: string): Promise<void>;
}

/** A line that a service printed on stdout, stamped on arrival in microseconds since run start. */
export interface ServiceLine {
  readonly service: string;
  readonly instance: string;
  readonly atUs: number;
  readonly text: string;
}

/** A service process that came or went, in microseconds since run start. */
export interface ServiceProcessEvent {
  readonly service: string;
  readonly instance: string;
  readonly atUs: number;
  readonly state: 'started' | 'exited';
  readonly detail: string;
}

export interface UpContext {
  readonly plan: Plan;
  readonly clock: RunClock;
  readonly sink: Sink;
  /** Folder of this run; logs go to `<runFolder>/logs/<service>.log`, redacted. */
  readonly runFolder: string;
  /** Folder that `cwd` and relative commands count from. */
  readonly projectFolder: string;
  readonly runId: string;
  readonly redact: (text: string) => string;
  /** Written before anything is made that outlives this process. */
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
  onLine(line: ServiceLine): void;
  onProcess(event: ServiceProcessEvent): void;
}

/** A program of the harness's own that is to run among the services. */
export interface InsideSpec {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files and folders of this machine, as absolute paths; it finds each at the same path, and may write to none. */
  readonly mounts: readonly string[];
  /** Where it runs, absolute. @default the image's own */
  readonly workingFolder?: string;
  /** A port of it that this machine has to reach. */
  readonly port?: number;
  /** What it prints, line by line. */
  onLine(text: string): void;
}

export interface InsideProgram {
  /** Where this machine reaches its port; null where it asked for none. */
  readonly address: Address | null;
  /** Resolves when it has ended and its last line was told; rejects when that cannot be known any more. */
  readonly exited: Promise<{ readonly exitCode: number; readonly isOomKilled: boolean }>;
  /** SIGTERM, and SIGKILL to what is left after `graceMs`. Stopping the dead is no error. */
  stop(graceMs: number): Promise<void>;
  kill(): Promise<void>;
}

/** The network on which the services meet, for what the harness runs there itself. */
export interface Inside {
  /** The entry as it is reached there. */
  readonly entry: Address;
  /** Starts a program in a container of its own, which goes down with the system. @throws {HarnessError} if it cannot be started */
  run(spec: InsideSpec): Promise<InsideProgram>;
}

/** A system that is up. Disposing it stops everything that `up` started, within a deadline. */
export interface RunningSystem extends AsyncDisposable {
  readonly entry: Address;
  /** The sentinel's echo service, behind the same proxy. */
  readonly sentinel: Address;
  readonly proxy: RunningProxy;
  readonly processes: ProcessControl;
  /** Null where services are no containers. */
  readonly containers: ContainerControl | null;
  /** Direct URL of each service's `ready` path; services without one are left out. */
  readonly readyUrls: Readonly<Record<string, string>>;
  /** Edge → where this machine reaches its proxy, for canaries; edges that it cannot reach are left out. Absent where taps need none. */
  readonly edges?: Readonly<Record<string, Address>>;
  /** Absent where services have no network of their own. */
  readonly inside?: Inside;
  /** Something died that the run cannot do without; rejects then, never resolves. */
  readonly broken: Promise<never>;
}

export interface EnvironmentDriver extends EnvironmentKind {
  /** Resolves when every service is ready; rejects with HarnessError (naming the service and its last log lines) and leaves nothing behind. */
  up(context: UpContext): Promise<RunningSystem>;
  /** Takes down what disposed systems left up for the next run. */
  release?(): Promise<void>;
}
