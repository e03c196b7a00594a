/** Goal: the proxy's process opens the edges of a file before it says that it listens, and refuses a file that is wrong with its reason. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { reservePort } from '../../harness/run/environments/ports.ts';

const MAIN = fileURLToPath(new URL('../../harness/run/proxy/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'halfopen-edges-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(content: unknown): string {
  const file = join(folder, 'edges.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

it('opens each edge of the file, tapped and observed', async () => {
  const callee = createServer((_, response) => response.setHeader('content-type', 'application/json').end('{"v":7}')).listen(
    0,
    '127.0.0.1',
  );
  await once(callee, 'listening');
  const upstream = `127.0.0.1:${(callee.address() as AddressInfo).port}`;
  const port = await reservePort();
  const edges = [{ edge: 'a->b', protocol: 'http', listen: `127.0.0.1:${port}`, upstream, observe: { value: '/v' } }];
  const child = spawn(process.execPath, [MAIN, '--config', fileOf(edges), '--parent-stdin'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { port: control } = JSON.parse(line) as { readonly port: number };
    expect(await (await fetch(`http://127.0.0.1:${port}/x`)).text()).toBe('{"v":7}');
    await fetch(`http://127.0.0.1:${control}/halfopen/flush`, { method: 'POST' });
    const taps = await fetch(`http://127.0.0.1:${control}/halfopen/taps`);
    const { value } = (await taps.body?.getReader().read()) ?? { value: undefined };
    expect(
      JSON.parse(
        Buffer.from(value ?? [])
          .toString()
          .split('\n')[0] ?? '',
      ),
    ).toMatchObject({ edge: 'a->b', status: 200, observed: { value: 7 } });
  } finally {
    child.kill();
    await once(child, 'close');
    callee.close();
  }
});

it.each([
  ['no list', { edge: 'a->b' }, 'it must be a list'],
  ['no JSON', '[', 'bad request body'],
  ['an edge without a name', [{ upstream: 'b:1' }], 'missing required field: edge at edge 1'],
  ['an upstream that is no address', [{ edge: 'a->b', upstream: 'b' }], "'upstream' must be host:port"],
  [
    'an edge twice',
    [
      { edge: 'a->b', upstream: 'b:1' },
      { edge: 'a->b', upstream: 'b:1' },
    ],
    'proxy already exists at edge 2',
  ],
])('ends with 3 over %s', async (_, content, said) => {
  const ended = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, [MAIN, '--config', fileOf(content)], { timeout: 20_000 }, (error, _stdout, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
  expect(ended.stderr).toContain(said);
  expect(ended.code).toBe(3);
});
