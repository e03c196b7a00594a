/** The command line over fixtures/containers, and what it leaves on an engine. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RUN_LABEL } from '../../harness/run/ledger/contract.ts';
import { repository, start, type StartOptions, type Started } from '../cli/halfopen.ts';

const run = promisify(execFile);

export const duoConfig = join(repository, 'fixtures/containers/halfopen.config.ts');

/** `halfopen …` over the fixture's scenarios, with a state folder of its own: nobody else's ledgers are read. */
export function startDuo(words: readonly string[], state: string, { env = {}, ...more }: StartOptions = {}): Started {
  return start(words, { cwd: join(repository, 'fixtures/containers'), ...more, env: { HALFOPEN_STATE: state, ...env } });
}

/** Everything on an engine that carries a run's label: `container halfopen-1a2b-front`. */
export async function labelledOn(host: string | undefined, label = RUN_LABEL): Promise<readonly string[]> {
  const ask = async (kind: string, ...words: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await run('docker', [...(host === undefined ? [] : ['--host', host]), ...words, '--filter', `label=${label}`], {
      timeout: 30_000,
    });
    return stdout
      .split('\n')
      .filter((name) => name !== '')
      .map((name) => `${kind} ${name}`);
  };
  return [
    ...(await ask('container', 'ps', '--all', '--format', '{{.Names}}')),
    ...(await ask('network', 'network', 'ls', '--format', '{{.Name}}')),
    ...(await ask('volume', 'volume', 'ls', '--format', '{{.Name}}')),
  ];
}
