import { HarnessError } from '../../../model/problem.ts';
import { ComposeFailure, lastLines, unhurried, type ComposeCall } from './docker-compose.ts';

const LINES = 15;

/** What compose was asked for; its failure says what broke and what can be done. */
export async function explained<T>(call: ComposeCall, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ComposeFailure)) throw error;
    throw portTaken(error) ?? (await serviceFailed(call, error)) ?? error;
  }
}

function portTaken(error: ComposeFailure): HarnessError | null {
  const match = /(?:Bind for|listen tcp4?) [^\s]*?:(\d+)(?::| failed)[^\n]*(?:already allocated|already in use)/.exec(error.said);
  if (match === null) return null;
  return new HarnessError(
    `Cannot start the services of the compose files as they want port ${match[1] ?? ''} of this machine, which is taken (way out: stop what listens there, or take the services off this machine's ports: halfopen compose --drop-ports)\n  docker compose says: ${error.said}`,
    { cause: error },
  );
}

/** A service that others wait for was unhealthy, or ended. */
async function serviceFailed(call: ComposeCall, error: ComposeFailure): Promise<HarnessError | null> {
  const [, container, what = ''] = /container (\S+) (is unhealthy|exited \(\d+\))/.exec(error.said) ?? [];
  const service = container === undefined ? undefined : serviceOf(container, call.project ?? '');
  if (service === undefined) return null;
  const lines = await lastLines(unhurried(call), [service], LINES);
  return new HarnessError(
    [
      `Cannot start service '${service}' of the compose files: it ${what}, and others depend on it.`,
      ...(lines.length === 0 ? ['  It printed nothing.'] : ['  Its last lines:', ...lines.map((line) => `    ${line}`)]),
    ].join('\n'),
    { cause: error },
  );
}

/** Compose calls containers `<project>-<service>-<number>`. */
function serviceOf(container: string, project: string): string | undefined {
  return new RegExp(`^${project}-(.+)-\\d+$`).exec(container)?.[1];
}
