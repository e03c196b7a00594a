import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Where the ledgers of this user's runs lie: `HALFOPEN_STATE`, or the state folder of the desktop's convention. */
export function ledgerFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(stateFolder(env), 'ledger');
}

function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  const own = env['HALFOPEN_STATE'] ?? '';
  if (own !== '') return resolve(own);
  const shared = env['XDG_STATE_HOME'] ?? '';
  // The convention says that a relative one does not count.
  if (isAbsolute(shared)) return join(shared, 'halfopen');
  try {
    return join(homedir(), '.local/state/halfopen');
  } catch {
    // A user without a home, as in some containers; a folder of all users must not be shared by name.
    return join(tmpdir(), `halfopen-${userNumber()}`);
  }
}

function userNumber(): number {
  return process.getuid?.() ?? userInfo().uid;
}

/** The engine that containers of this process are made with, by its address. */
export function engineAddress(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const named = env['DOCKER_HOST'] ?? '';
  return named === '' ? 'unix:///var/run/docker.sock' : named;
}
