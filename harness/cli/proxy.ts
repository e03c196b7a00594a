import { isIPv4 } from 'node:net';
import { availableParallelism } from 'node:os';
import type { Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import type { Command, CommandCall } from './contract.ts';
import { listenForInterrupts } from './interrupts.ts';
import { readProxyConfig, throwInConfig, type ProxyConfig } from './proxy-config.ts';
import { PROXY_FLAGS, readGoFlags } from './proxy-flags.ts';
import { startProxyLog } from './proxy-log.ts';
import { demandNoProblems, textOption, wholeOption } from './options.ts';
import { ownVersion } from './version.ts';

/** More than these help only who has cores to spare, and asks for them. */
const MOST_WORKERS_UNASKED = 3;

export const proxy: Command = {
  name: 'proxy',
  parameters: '',
  summary: "run the fault proxy by itself, with Toxiproxy's HTTP API, until Ctrl-C",
  flags: PROXY_FLAGS,
  examples: [
    ['proxy', 'where Toxiproxy would listen: 127.0.0.1:8474'],
    ['proxy --port 0 --seed 7', 'on a free port, which is printed'],
    ['proxy --config toxiproxy.json', "with the proxies of a file; Toxiproxy's -config does as well"],
  ],
  rewrite: readGoFlags,
  run: proxyCommand,
};

/** What the command line asks for. */
interface Wanted {
  readonly host: string;
  readonly port: number;
  readonly seed: number;
  readonly workers: number;
  readonly proxyMetrics: boolean;
  readonly runtimeMetrics: boolean;
  readonly tapSocket?: string;
  readonly config: ProxyConfig | undefined;
}

async function proxyCommand({ options }: CommandCall): Promise<number> {
  const { startProxyServer, PROXY_EVENTS, TOXIPROXY_VERSION } = await import('../run/proxy/server.ts');
  if (options['apiVersion'] === true) {
    process.stdout.write(`toxiproxy-server version ${TOXIPROXY_VERSION} (halfopen ${ownVersion()})\n`);
    return EXIT_CODES.pass;
  }
  const { config, ...wanted } = readWanted(options);
  using log = startProxyLog(PROXY_EVENTS, process.env['LOG_LEVEL']);
  using interrupts = listenForInterrupts(() => undefined);
  const starting = startProxyServer({ ...wanted, ...(config === undefined ? {} : { populate: config.text }) });
  await using server = await (config === undefined ? starting : starting.catch((error: unknown) => throwInConfig(config, error)));
  const address = `${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`;
  log.write('info', 'Starting Toxiproxy HTTP server', { address });
  if (config !== undefined) log.write('info', 'Populated proxies from file', { proxies: config.entries.length });
  const isOpen = !isLoopback(wanted.host);
  if (isOpen) log.write('warn', 'Other machines can control this proxy: whoever reaches its port can reach what it can', { address });
  process.stdout.write(`fault proxy on http://${address} (Toxiproxy's API${isOpen ? ', open to other machines' : ''}; Ctrl-C ends it)\n`);
  if (!interrupts.signal.aborted) await new Promise((resolve) => interrupts.signal.addEventListener('abort', resolve, { once: true }));
  log.write('info', 'Shutdown started');
  return interrupts.code() ?? EXIT_CODES.pass;
}

function readWanted(options: CommandCall['options']): Wanted {
  const problems: Problem[] = [];
  const host = textOption(options, 'host') ?? '127.0.0.1';
  const port = wholeOption(options, { name: 'port', min: 0, max: 65_535 }, problems) ?? 8474;
  const workers = wholeOption(options, { name: 'workers', min: 0, max: 64 }, problems) ?? spareCores();
  const seed = readSeed(textOption(options, 'seed') ?? '1', problems);
  if (!isLoopback(host) && options['allowNonLoopback'] !== true) {
    problems.push({
      path: '--host',
      expected: 'an address of this machine alone',
      found: `'${host}'`,
      hint: 'add --allow-non-loopback if others are meant to reach it',
    });
  }
  demandNoProblems(problems);
  const path = textOption(options, 'config') ?? '';
  const tapSocket = textOption(options, 'tapSocket');
  return {
    host,
    port,
    seed,
    workers,
    proxyMetrics: options['proxyMetrics'] === true,
    runtimeMetrics: options['runtimeMetrics'] === true,
    ...(tapSocket === undefined ? {} : { tapSocket }),
    config: path === '' ? undefined : readProxyConfig(path),
  };
}

function spareCores(): number {
  return Math.min(availableParallelism() - 1, MOST_WORKERS_UNASKED);
}

/** Toxiproxy's seeds are 64-bit integers; the last 32 bits make the difference here. */
function readSeed(text: string, problems: Problem[]): number {
  const isInteger = /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  if (isInteger) return Number(BigInt.asUintN(32, BigInt(text)));
  problems.push({ path: '--seed', expected: 'a whole number of 64 bits', found: show(text) });
  return 0;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
