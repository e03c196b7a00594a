// Goal: an engine that is not there, does not speak, or is too old ends a run with 3, at once, and says what to do.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../cli/halfopen.ts';
import { startDuo } from './duo.ts';

/** Far more than it takes; a hang ends here. */
const ENDS_WITHIN_MS = 60_000;

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** Paths of sockets have at most 107 bytes. */
function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hoe-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 's');
}

async function fakeEngine(answer: RequestListener): Promise<string> {
  const path = socketPath();
  const server = createServer(answer).listen(path);
  await once(server, 'listening');
  closing.push(() => server.close());
  return path;
}

async function runAgainst(host: string): Promise<{ readonly code: number | null; readonly text: string }> {
  const output = temporaryFolder();
  const { ended } = startDuo(['run', 'storm', '--env', 'docker', '--output', output], temporaryFolder(), { env: { DOCKER_HOST: host } });
  const { code, stdout, stderr } = await ended;
  return { code, text: stdout + stderr };
}

describe('a run against an engine', () => {
  test.each(['unix', 'tcp'] as const)(
    'that is not there (%s) ends with 3, and names it and the way out',
    async (kind) => {
      // A port that was bound and is not any more: nobody listens.
      const probe = createSocketServer().listen(0, '127.0.0.1');
      await once(probe, 'listening');
      const { port } = probe.address() as { readonly port: number };
      probe.close();
      const host = kind === 'unix' ? `unix://${socketPath()}` : `tcp://127.0.0.1:${port}`;
      const { code, text } = await runAgainst(host);
      expect(code, text).toBe(3);
      expect(text).toContain(`no container engine answers at ${host}`);
      expect(text).toMatch(/way out: .*DOCKER_HOST/);
    },
    ENDS_WITHIN_MS,
  );

  test(
    'that is too old ends with 3, and names both versions',
    async () => {
      const path = await fakeEngine((_, response) => response.end(JSON.stringify({ ApiVersion: '1.30', Version: '17.06.0-ce' })));
      const { code, text } = await runAgainst(`unix://${path}`);
      expect(code, text).toBe(3);
      expect(text).toContain('its API is 1.30 (engine 17.06.0-ce), at least 1.40 is needed');
    },
    ENDS_WITHIN_MS,
  );

  test(
    'that takes the call and never answers ends with 3',
    async () => {
      const path = await fakeEngine(() => undefined);
      const { code, text } = await runAgainst(`unix://${path}`);
      expect(code, text).toBe(3);
      expect(text).toMatch(/no answer within \d+ ms/);
    },
    ENDS_WITHIN_MS,
  );

  test(
    'that is no engine ends with 3',
    async () => {
      const path = await fakeEngine((_, response) => response.writeHead(404).end('<h1>Not here</h1>'));
      const { code, text } = await runAgainst(`unix://${path}`);
      expect(code, text).toBe(3);
      expect(text).toContain('it answers 404 and no version');
    },
    ENDS_WITHIN_MS,
  );
});
