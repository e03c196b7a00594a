/** The command line over fixtures/containers, on an engine that nobody else uses. */
import { join } from 'node:path';
import type { OwnEngine } from '../../scripts/prove/own-engine.ts';
import { repository, start, type StartOptions, type Started } from '../cli/halfopen.ts';

/** `halfopen …` over the fixture's scenarios, with a state folder of its own: nobody else's ledgers are read. */
export function startDuo(words: readonly string[], state: string, { env = {}, ...more }: StartOptions = {}): Started {
  return start(words, { cwd: join(repository, 'fixtures/containers'), ...more, env: { HALFOPEN_STATE: state, ...env } });
}

/** What runs have left; Testcontainers' own reaper goes by itself, seconds after the process that it watches. */
export async function everythingOn(engine: OwnEngine): Promise<readonly string[]> {
  return (await engine.contents()).filter((name) => !name.startsWith('container testcontainers-ryuk-'));
}
