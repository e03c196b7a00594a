import { HarnessError } from '../../model/problem.ts';
import type { Address } from './contract.ts';
import type { ServiceLog } from './service-log.ts';
import type { Supervisor } from './supervisor-client.ts';

export interface AnnouncedSpec {
  /** What it calls itself in its announcement `{"halfopen":"<name>","host":…,"port":…}`. */
  readonly name: string;
  readonly entry: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly supervisor: Supervisor;
  readonly log: ServiceLog;
  readonly signal: AbortSignal;
  /** The process has ended, whoever wanted it. */
  onEnd(error: HarnessError): void;
}

const ANNOUNCED_WITHIN_MS = 15_000;

/**
 * Starts a process of the harness's own and waits until it says where it listens.
 *
 * @throws {HarnessError} if it does not in time
 */
export async function startAnnounced(spec: AnnouncedSpec): Promise<Address> {
  const { name, entry, args, cwd, env, supervisor, log, signal } = spec;
  const announced = Promise.withResolvers<Address>();
  const explain = (reason: string): HarnessError =>
    new HarnessError([`The ${name} of the harness ${reason}.`, ...log.lastLines().map((line) => `    ${line}`)].join('\n'));
  await supervisor.spawn({
    name: `halfopen-${name}`,
    command: [process.execPath, entry, ...args],
    cwd,
    env,
    holdStdin: true,
    onLine({ stream, text }) {
      const address = stream === 'stdout' ? readAnnouncement(text, name) : undefined;
      if (address === undefined) log.write(text);
      else announced.resolve(address);
    },
    onExit({ code, signal: cause }) {
      const error = explain(cause === null ? `exited with code ${code}` : `was ended by ${cause}`);
      announced.reject(error);
      spec.onEnd(error);
    },
  });
  const onAbort = (): void => announced.reject(signal.reason);
  const timer = setTimeout(() => announced.reject(explain(`did not start within ${ANNOUNCED_WITHIN_MS} ms`)), ANNOUNCED_WITHIN_MS);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await announced.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function readAnnouncement(text: string, name: string): Address | undefined {
  if (!text.startsWith('{') || !text.includes('"halfopen"')) return undefined;
  const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { host, port } = value;
  return value['halfopen'] === name && typeof host === 'string' && typeof port === 'number' ? { host, port } : undefined;
}
