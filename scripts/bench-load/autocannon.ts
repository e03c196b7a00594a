import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OwnTurn, TurnJob } from './turn.ts';
import { watchUsage } from './usage.ts';

const CONNECTIONS = 100;

/** The program's file; null where the package is not installed. */
export function autocannonPath(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('autocannon/package.json')), 'autocannon.js');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

/** For orientation: a closed model that is throttled to a rate. It keeps no record of single requests, so the server tells of them alone. */
export async function turnOfAutocannon(program: string, { address: { host, port }, ratePerSecond, lengthMs }: TurnJob): Promise<OwnTurn> {
  const usage = watchUsage();
  const seconds = String(Math.ceil(lengthMs / 1000));
  const args = ['--json', '-c', String(CONNECTIONS), '-R', String(ratePerSecond), '-d', seconds, '-t', '1', `http://${host}:${port}/ping`];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const [code] = (await once(child, 'close')) as [number | null];
  const used = usage.end();
  if (code !== 0) throw new Error(`autocannon ended with ${code}`);
  const { '2xx': answered } = JSON.parse(text) as { readonly '2xx': number };
  return { ...used, okRatio: answered / ((ratePerSecond * lengthMs) / 1000), ownLag: null, excess: null };
}
