import { mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '../../../model/limits.ts';
import { HarnessError } from '../../../model/problem.ts';
import { isLoopback } from '../../../model/target.ts';
import type { Entry } from '../../ledger/contract.ts';
import type { RealToxiproxy } from '../../proxy/contract.ts';
import { startAnnounced } from '../announced-process.ts';
import type { Address, UpContext } from '../contract.ts';
import { baseEnvironment } from '../service-environment.ts';
import { openServiceLog } from '../service-log.ts';
import { startSupervisor } from '../supervisor-client.ts';
import { untilReady } from '../until-ready.ts';
import { sentinelName, splitAddress } from './foreign-proxies.ts';
import type { AttachPlace } from './place.ts';

/** How long the sentinel's first answer through a proxy may take before it is asked directly, in milliseconds. */
const THROUGH_MS = 1000;

export interface AttachedSentinel {
  /** Where the load driver asks it. */
  readonly address: Address;
  /** Rejects when the echo has ended too early; never resolves. */
  readonly broken: Promise<never>;
}

/** Starts the echo, which is all that an attached run starts. The stack ends it. */
async function startEcho(context: UpContext, stack: AsyncDisposableStack): Promise<AttachedSentinel> {
  const { runFolder, runId, redact, clock, sink, signal, projectFolder } = context;
  const folder = join(runFolder, 'logs');
  await mkdir(folder, { recursive: true }).catch((cause: Error) => {
    throw new HarnessError(`Cannot keep logs in ${folder}: ${cause.message} (way out: another --output)`, { cause });
  });
  const onLost = (reason: string): void =>
    sink({ table: 'events', row: { kind: 'lost', atUs: clock.nowUs(), what: `log of the sentinel (${reason})`, count: 1, limit: 0 } });
  const log = stack.use(openServiceLog(join(folder, '@halfopen.log'), redact, onLost));
  const supervisor = stack.use(await startSupervisor(runId));
  const broken = Promise.withResolvers<never>();
  broken.promise.catch((reason: unknown) => reason);
  let isClosing = false;
  const onEnd = (reason: unknown): void => {
    if (!isClosing) broken.reject(reason);
  };
  supervisor.died.catch(onEnd);
  stack.defer(() => void (isClosing = true));
  const entry = fileURLToPath(new URL(`../sentinel${extname(import.meta.url)}`, import.meta.url));
  const env = baseEnvironment(runId);
  const address = await startAnnounced({
    name: 'sentinel',
    entry,
    args: ['--parent-stdin'],
    cwd: projectFolder,
    env,
    supervisor,
    log,
    signal,
    onEnd,
  });
  return { address, broken: broken.promise };
}

/**
 * Starts the sentinel and, where the Toxiproxy runs on this machine, puts a proxy of the run's own on it before the sentinel. One that does
 * not lead there (a Toxiproxy in a container has a loopback of its own) is removed again, and the sentinel is asked directly.
 */
export async function startSentinel(
  context: UpContext,
  toxiproxy: Pick<RealToxiproxy, 'ensure' | 'proxies' | 'removeProxy' | 'controlUrl'>,
  { place, stack }: { readonly place: AttachPlace; readonly stack: AsyncDisposableStack },
): Promise<AttachedSentinel> {
  const { clock, sink } = context;
  const echo = await startEcho(context, stack);
  const say = (detail: string): void =>
    sink({ table: 'events', row: { kind: 'environment', atUs: clock.nowUs(), what: 'sentinel', subject: 'sentinel', detail } });
  if (!isLoopback(place.toxiproxy.host)) {
    say('asked directly, as the Toxiproxy is on another machine');
    return echo;
  }
  await using attempt = new AsyncDisposableStack();
  const through = await proxyFor(echo.address, context, { toxiproxy, stack: attempt });
  if (through === null) {
    say('asked directly, as no proxy of the Toxiproxy leads to it: it does not run on this machine itself');
    return echo;
  }
  stack.use(attempt.move());
  say('asked through the Toxiproxy, by a proxy of its own');
  return { ...echo, address: through };
}

interface OwnProxy {
  readonly toxiproxy: Pick<RealToxiproxy, 'ensure' | 'proxies' | 'removeProxy' | 'controlUrl'>;
  readonly stack: AsyncDisposableStack;
}

async function proxyFor({ host, port }: Address, context: UpContext, { toxiproxy, stack }: OwnProxy): Promise<Address | null> {
  const { runId, ledger, signal } = context;
  const name = sentinelName(runId);
  const entry: Entry = { kind: 'proxy', controlUrl: toxiproxy.controlUrl, proxy: name };
  ledger.note(entry);
  stack.defer(async () => {
    await toxiproxy.removeProxy(name, AbortSignal.timeout(LIMITS.withdrawMs));
    ledger.strike(entry);
  });
  await toxiproxy.ensure([{ name, listen: '127.0.0.1:0', upstream: `${host}:${port}` }], signal);
  const made = (await toxiproxy.proxies(signal)).find((proxy) => proxy.name === name);
  const address = splitAddress(made?.listen ?? '');
  if (address.port === null || !isLoopback(address.host)) return null;
  const through = { host: address.host, port: address.port };
  const failure = await untilReady({ address: through, path: '/', withinMs: THROUGH_MS, signal });
  return failure === undefined ? through : null;
}
