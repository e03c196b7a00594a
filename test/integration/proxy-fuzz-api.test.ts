import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerProblems, operations, schemaProblems } from './proxy-document.ts';
import { requestsOf, type FuzzRequest } from './proxy-fuzz-requests.ts';

const FUZZ_MS = 9000;
const ANSWER_MS = 5000;

/** Replays a run: `HALFOPEN_FUZZ_SEED=… vitest run proxy-fuzz-api`. */
const seed = Number(process.env['HALFOPEN_FUZZ_SEED'] ?? Date.now() % 2 ** 31);

let port = 0;
let pid = 0;
let exited = false;
let stderr = '';
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  const main = fileURLToPath(new URL('../../harness/run/proxy/main.ts', import.meta.url));
  const flags = ['--port', '0', '--proxy-metrics', '--runtime-metrics'];
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] });
  stack.defer(async () => {
    if (exited) return;
    child.kill();
    await once(child, 'exit');
  });
  child.once('exit', () => (exited = true));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  port = (JSON.parse(line) as { port: number }).port;
  pid = child.pid ?? 0;
});
afterAll(() => stack.disposeAsync());

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Sends one request; answers null where the server may close without a word because the request was not sent whole. */
function send({ method, path, userAgent, body, delivery }: FuzzRequest): Promise<Answer | null> {
  const bytes = Buffer.from(body, 'latin1');
  const isStream = path.startsWith('/halfopen/taps');
  const head =
    `${method} ${path} HTTP/1.1\r\nHost: proxy\r\nUser-Agent: ${userAgent}\r\nConnection: close\r\n` +
    (delivery === 'chunked'
      ? 'Transfer-Encoding: chunked\r\n\r\n'
      : `Content-Length: ${bytes.length + (delivery === 'cut' ? 10 : 0)}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const finish = (): void => {
      clearTimeout(deadline);
      socket.destroy();
      const answer = parseAnswer(Buffer.concat(parts));
      if (answer === null && delivery !== 'cut' && delivery !== 'abort') reject(new Error(`no answer to ${method} ${path}`));
      else resolve(answer);
    };
    const deadline = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${method} ${path} within ${ANSWER_MS} ms`));
    }, ANSWER_MS);
    socket.on('data', (data) => {
      parts.push(data);
      if (isStream && Buffer.concat(parts).includes('\r\n\r\n')) finish();
    });
    socket.on('end', finish);
    socket.on('error', finish);
    socket.on('connect', () => {
      socket.write(head);
      if (delivery === 'abort') {
        socket.write(bytes.subarray(0, bytes.length / 2), () => finish());
      } else if (delivery === 'chunked') {
        const half = bytes.length >> 1;
        for (const piece of [bytes.subarray(0, half), bytes.subarray(half)]) {
          if (piece.length > 0) socket.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]));
        }
        socket.write('0\r\n\r\n');
      } else if (delivery === 'slow') {
        socket.write(bytes.subarray(0, 1));
        setTimeout(() => socket.write(bytes.subarray(1)), 10);
      } else {
        socket.write(bytes);
        if (delivery === 'cut') socket.end();
      }
    });
  });
}

function parseAnswer(bytes: Buffer): Answer | null {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
  if (end < 0 || status === 0) return null;
  return { status, type: /\r\nContent-Type: ([^\r]*)/i.exec(text.slice(0, end))?.[1] ?? '', text: text.slice(end + 4) };
}

function problemsOf(request: FuzzRequest, { status, type, text }: Answer): readonly string[] {
  const { operation, isAddressed, method, delivery } = request;
  const isListenError = status === 500 && /^\{"error":"(?:listen tcp|address|lookup)\b/.test(text);
  if (status >= 500 && !isListenError) return [`${status}: ${text.slice(0, 200)}`];
  if (status === 501 || method === 'HEAD' || delivery === 'cut') return [];
  if (operation.path === '/halfopen/taps' && status === 200) return [];
  if (isAddressed) return answerProblems(operation, { status, type, text });
  // What no route is for has the router's own answers.
  if (text.startsWith('{"error"')) return schemaProblems('Error', JSON.parse(text));
  return [];
}

async function fetchJson(path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
  expect(response.status).toBe(200);
  return response.json();
}

interface State {
  readonly proxies: readonly {
    readonly name: string;
    readonly faults: readonly { readonly name: string; readonly form: 'toxic' | 'rule' }[];
  }[];
  readonly leases: { readonly owners: readonly { readonly owner: string }[]; readonly deadMan: unknown };
}

async function remove(path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'DELETE', signal: AbortSignal.timeout(ANSWER_MS) })).status;
}

/** The server is there, and its state is as documented. */
async function check(): Promise<void> {
  expect(await fetchJson('/version')).toEqual({ version: '2.12.0' });
  const state = (await fetchJson('/halfopen/state')) as State;
  demandNone(schemaProblems('State', state), `the state ${JSON.stringify(state)}`);
  const listed = (await fetchJson('/proxies')) as object;
  expect(Object.keys(listed).toSorted()).toEqual(state.proxies.map(({ name }) => name).toSorted());
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) })).text();
  const series = /^(?:# (?:HELP|TYPE) .*|[a-z_]\w*(?:\{(?:[a-z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? -?[\d.e+-]+)$/;
  expect(metrics.split('\n').filter((line) => line !== '' && !series.test(line))).toEqual([]);
}

/** What was made can be taken away again, and then there is nothing. */
async function clean(): Promise<void> {
  const state = (await fetchJson('/halfopen/state')) as State;
  for (const { name, faults } of state.proxies) {
    const proxy = encodeURIComponent(name);
    for (const { name: fault, form } of faults) {
      const path = form === 'toxic' ? `/proxies/${proxy}/toxics` : `/halfopen/proxies/${proxy}/rules`;
      // One with a short time may have gone meanwhile.
      expect([204, 404], `${form} ${fault}`).toContain(await remove(`${path}/${encodeURIComponent(fault)}`));
    }
    const { faults: left } = ((await fetchJson('/halfopen/state')) as State).proxies.find((each) => each.name === name) ?? {};
    expect(left, name).toEqual([]);
    expect(await remove(`/proxies/${proxy}`), name).toBe(204);
  }
  for (const { owner } of state.leases.owners)
    expect([200, 404], owner).toContain(await remove(`/halfopen/leases/${encodeURIComponent(owner)}`));
  await remove('/halfopen/dead-man');
  const { proxies, leases } = (await fetchJson('/halfopen/state')) as State;
  expect([proxies, leases]).toEqual([[], { owners: [], deadMan: null }]);
}

function demandNone(problems: readonly string[], where: string): void {
  if (problems.length > 0) throw new Error(`${where}: ${problems.join('; ')}`);
}

test('whatever the control API is asked, it answers as documented, soon, and lives on', { timeout: 60_000 }, async () => {
  process.stdout.write(`fuzzing the control API with HALFOPEN_FUZZ_SEED=${seed}\n`);
  const answered = new Map<string, number>();
  const openFiles = (): number => (process.platform === 'linux' ? readdirSync(`/proc/${pid}/fd`).length : 0);
  const before = openFiles();
  const result = await fc.check(
    fc.asyncProperty(fc.array(requestsOf(operations), { minLength: 1, maxLength: 30 }), async (requests) => {
      await clean();
      for (const request of requests) {
        const answer = await send(request);
        if (answer === null) continue;
        const status = `${Math.floor(answer.status / 100)}xx`;
        answered.set(status, (answered.get(status) ?? 0) + 1);
        demandNone(problemsOf(request, answer), `${request.method} ${request.path} answered ${answer.status} ${answer.text.slice(0, 500)}`);
      }
      await check();
    }),
    { seed, numRuns: 100_000, interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false },
  );
  if (result.failed) {
    const requests = result.counterexample?.[0] ?? [];
    const shown = requests.map(
      ({ method, path, delivery, body }) => `${method} ${path} (${delivery}) ${JSON.stringify(body.slice(0, 500))}`,
    );
    const why = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
    throw new Error([`HALFOPEN_FUZZ_SEED=${seed}, after ${result.numRuns} runs: ${why}`, ...shown, stderr].join('\n'));
  }
  expect([exited, stderr]).toEqual([false, '']);
  await clean();
  // All kinds of answers were met: the requests were not all refused at the door.
  for (const status of ['2xx', '4xx', '5xx']) expect(answered.get(status), status).toBeGreaterThan(0);
  const deadline = Date.now() + 10_000;
  while (openFiles() > before + 4 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(openFiles()).toBeLessThanOrEqual(before + 4);
});

test('a body that is too long or never ends is refused or let go of, and the server lives on', async () => {
  const [operation] = operations.filter(({ operationId }) => operationId === 'populate');
  if (operation === undefined) throw new Error('the document has no populate');
  const request: FuzzRequest = {
    operation,
    method: 'POST',
    path: '/populate',
    userAgent: 'fuzz',
    body: `[${' '.repeat(40 * 1024 * 1024)}]`,
    delivery: 'whole',
    isAddressed: true,
  };
  const answer = await send(request).catch(() => null);
  // A server that closes on a caller that goes on sending may cut its own answer off.
  if (answer !== null) expect([400, 413]).toContain(answer.status);
  const hanging = connect(port, '127.0.0.1');
  hanging.on('error', () => hanging.destroy());
  hanging.write('POST /populate HTTP/1.1\r\nHost: proxy\r\nContent-Length: 100\r\n\r\n[');
  await once(hanging, 'connect');
  await check();
  hanging.destroy();
  expect(exited).toBe(false);
});
