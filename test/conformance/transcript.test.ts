/**
 * Goal: every route, status, header and body is Toxiproxy's, to the byte. The same conversation is held with both servers and compared with
 * what the real one answered (`answers.golden`; `UPDATE=1` records it anew, from the real one only). Where the two differ on purpose is not
 * in the conversation but in `improvements.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Reply } from './ask.ts';
import { requests } from './requests.ts';
import { freePort, onBothServers, type Toxi } from './servers.ts';

const golden = fileURLToPath(new URL('answers.golden', import.meta.url));

onBothServers('the transcript', (toxi) => {
  test('is the real one', async () => {
    const text = await converse(toxi());
    if (process.env['UPDATE'] === '1' && toxi().kind === 'real') writeFileSync(golden, text);
    const kept = readFileSync(golden, 'utf8');
    expect(requests.length).toBeGreaterThan(150);
    expect(text.split('\n\n')).toEqual(kept.split('\n\n'));
  });

  test('a head of 900 kB is read, and one with two hosts is not', async () => {
    const padded = await toxi().ask('GET', '/version', undefined, { padding: 'x'.repeat(900_000) });
    expect(padded.status).toBe(200);
    expect(await toxi().say('GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*400 Bad Request$/);
  });
});

async function converse(toxi: Toxi): Promise<string> {
  const ports = await Promise.all(Array.from({ length: 9 }, freePort));
  const numbered = (text: string): string => text.replace(/\{([1-9])\}/g, (_, digit: string) => String(ports[Number(digit) - 1]));
  const named = (text: string): string =>
    text.replace(/:(\d{4,5})(?!\d)/g, (whole, port: string) => {
      const index = ports.indexOf(Number(port));
      return index >= 0 ? `:{${index + 1}}` : Number(port) <= 65_535 ? ':{free}' : whole;
    });
  const blocks: string[] = [];
  for (const [method, path, body, headers] of requests) {
    const sent = body === undefined ? undefined : numbered(typeof body === 'string' ? body : JSON.stringify(body));
    blocks.push(block({ method, path, body, headers }, await toxi.ask(method, numbered(path), sent, headers), named));
  }
  return `${blocks.join('\n\n')}\n`;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: unknown;
}

function block({ method, path, body, headers }: Asked, reply: Reply, named: (text: string) => string): string {
  const told = ['content-type', 'x-content-type-options', 'location', 'allow'].flatMap((name) =>
    reply.headers[name] === undefined ? [] : [`${name}: ${reply.headers[name]}`],
  );
  const id = reply.headers['x-toxiproxy-request-id'];
  const request = [method, path, body === undefined ? '' : JSON.stringify(body), headers === undefined ? '' : JSON.stringify(headers)];
  return [
    `> ${request.filter((part) => part !== '').join(' ')}`,
    `< ${reply.status}${id === undefined ? '' : ` with ${/^[0-9a-v]{20}$/.test(id) ? 'an id' : `the id ${id}`}`}`,
    ...told.map((line) => `< ${line}`),
    `< ${JSON.stringify(named(neutral(reply.text)))}`,
  ].join('\n');
}

/** Without the wording of Go's decoder, the address of the resolver, and the field that leaks (see `improvements.ts`). */
function neutral(text: string): string {
  return text
    .replaceAll('"Logger":{},', '')
    .replace(/("error":"bad request body: )(?!EOF|unexpected EOF)(?:[^"\\]|\\.)*"/, '$1…"')
    .replace(/(lookup \S+) on \S+(: no such host)/, '$1$2');
}
