import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HarnessError } from '../../model/problem.ts';
import type { UpContext } from './contract.ts';
import { openServiceLog, type ServiceLog } from './service-log.ts';

/** The log of the harness's own processes; no service can have this name. */
export const OWN_LOG = '@halfopen';

/** Opened before anything is started, so that they are closed after everything has ended. */
export async function openLogs(
  { plan, runFolder, redact, clock, sink }: UpContext,
  stack: AsyncDisposableStack,
): Promise<ReadonlyMap<string, ServiceLog>> {
  const folder = join(runFolder, 'logs');
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new HarnessError(`Cannot keep the services' logs in ${folder}: ${error.message} (way out: another --output)`, { cause: error });
  });
  const open = (name: string): ServiceLog => {
    const onLost = (reason: string): void =>
      sink({ table: 'events', row: { kind: 'lost', atUs: clock.nowUs(), what: `log of ${name} (${reason})`, count: 1, limit: 0 } });
    return stack.use(openServiceLog(join(folder, `${name}.log`), redact, onLost));
  };
  return new Map([OWN_LOG, ...Object.keys(plan.system.services)].map((name) => [name, open(name)]));
}

export function logOf(logs: ReadonlyMap<string, ServiceLog>, name: string): ServiceLog {
  const log = logs.get(name);
  if (log !== undefined) return log;
  throw new RangeError(`Cannot log as 'name' must be one of ${[...logs.keys()].join(', ')}: current value is '${name}'`);
}
