import { lookup } from 'node:dns/promises';
import { request } from 'node:http';
import { HarnessError, UsageError } from '../../../model/problem.ts';
import { canonicalHost, isLoopback, type Target } from '../../../model/target.ts';
import type { AttachPlace } from './place.ts';

/** How long the Toxiproxy may take to say what it is, in milliseconds. */
const ANSWER_MS = 2000;

/** Every address that a name stands for. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const resolveBySystem: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Makes sure that `localhost` is this machine: a hosts file may say otherwise. Names that the configuration allows are not asked about: it
 * allows them wherever they lead.
 *
 * @throws {UsageError} if it is another one
 */
export async function demandThisMachine(
  { toxiproxy, entry, ready, reach }: AttachPlace,
  resolve: Resolve = resolveBySystem,
): Promise<void> {
  const hosts = new Set([toxiproxy, entry, ...Object.values(ready), ...Object.values(reach)].map(({ host }) => host));
  if (!hosts.has('localhost')) return;
  const elsewhere = (await resolve('localhost')).filter((address) => !isLoopback(canonicalHost(address) ?? address));
  if (elsewhere.length === 0) return;
  throw new UsageError('Cannot attach as the place is not what it says:', [
    {
      path: 'config.attach',
      expected: 'localhost to be this machine',
      found: `a machine on which it is ${elsewhere.join(', ')}`,
      hint: 'write 127.0.0.1, or mend /etc/hosts',
    },
  ]);
}

/**
 * Asks whether a Toxiproxy is there, without following whoever sends the question elsewhere.
 *
 * @throws {HarnessError} if none answers
 */
export async function demandToxiproxy({ host, port, origin }: Target, signal: AbortSignal): Promise<void> {
  const answer = await new Promise<{ readonly status: number; readonly location: string | undefined; readonly text: string }>(
    (resolve, reject) => {
      const asked = request({
        host,
        port,
        path: '/version',
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      asked.once('error', reject);
      asked.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text = (text + chunk).slice(0, 1000)));
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, location: response.headers.location, text }));
      });
      asked.end();
    },
  ).catch((cause: Error) => {
    signal.throwIfAborted();
    const reason = cause.name === 'TimeoutError' || cause.name === 'AbortError' ? `no answer within ${ANSWER_MS} ms` : cause.message;
    throw new HarnessError(`Cannot attach as no Toxiproxy answers at ${origin}: ${reason} (way out: config.attach.toxiproxy)`, { cause });
  });
  if (answer.location !== undefined) throw notToxiproxy(origin, `sends to ${answer.location}, where nothing is sent`);
  if (answer.status !== 200 || !isVersion(answer.text)) throw notToxiproxy(origin, `answered /version with ${answer.status}`);
}

function notToxiproxy(origin: string, what: string): HarnessError {
  return new HarnessError(`Cannot attach as what is at ${origin} is no Toxiproxy: it ${what} (way out: config.attach.toxiproxy)`);
}

/** `{"version": "2.12.0"}`, or the bare version of releases before 2.6. */
function isVersion(text: string): boolean {
  return /^\s*(\{\s*"version"\s*:\s*"[^"]+"\s*\}|v?\d+\.\d+[\w.-]*)\s*$/.test(text);
}
