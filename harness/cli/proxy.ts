import { isIPv4 } from 'node:net';
import type { Problem } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import type { Command, CommandCall } from './contract.ts';
import { listenForInterrupts } from './interrupts.ts';
import { demandNoProblems, textOption, wholeOption } from './settings.ts';

export const proxy: Command = {
  name: 'proxy',
  parameters: '',
  summary: "run the fault proxy by itself, with Toxiproxy's HTTP API, until Ctrl-C",
  flags: [
    { flags: '--host <host>', description: 'address of the control API (default: 127.0.0.1)' },
    { flags: '--port <port>', description: 'port of the control API; 0 takes a free one (default: 8474)' },
    { flags: '--seed <n>', description: "fixes the toxics' dice (default: 1)" },
    { flags: '--allow-non-loopback', description: 'let other machines control it: whoever reaches the port can reach what it can' },
  ],
  examples: [
    ['proxy', 'where Toxiproxy would listen: 127.0.0.1:8474'],
    ['proxy --port 0 --seed 7', 'on a free port, which is printed'],
  ],
  run: proxyCommand,
};

async function proxyCommand({ options }: CommandCall): Promise<number> {
  const problems: Problem[] = [];
  const host = textOption(options, 'host') ?? '127.0.0.1';
  const port = wholeOption(options, { name: 'port', min: 0, max: 65_535 }, problems) ?? 8474;
  const seed = wholeOption(options, { name: 'seed', min: 0, max: 0xffff_ffff }, problems) ?? 1;
  if (!isLoopback(host) && options['allowNonLoopback'] !== true) {
    problems.push({
      path: '--host',
      expected: 'an address of this machine alone',
      found: `'${host}'`,
      hint: 'add --allow-non-loopback if others are meant to reach it',
    });
  }
  demandNoProblems(problems);
  const { startProxyServer } = await import('../run/proxy/server.ts');
  using interrupts = listenForInterrupts(() => undefined);
  await using server = await startProxyServer({ host, port, seed });
  process.stdout.write(
    `fault proxy on http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port} (Toxiproxy's API; Ctrl-C ends it)\n`,
  );
  if (!interrupts.signal.aborted) await new Promise((resolve) => interrupts.signal.addEventListener('abort', resolve, { once: true }));
  return interrupts.code() ?? EXIT_CODES.pass;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
