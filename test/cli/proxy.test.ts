/**
 * Goal: `halfopen proxy` starts as Toxiproxy's server does, with its flags and its configuration, and what is wrong is told with its place
 * and the right exit code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, halfopen, repository, start, temporaryFolder, type Started } from './halfopen.ts';

interface Running extends Started {
  readonly url: string;
  stderr(): string;
}

/** Starts the proxy on a free port; it is stopped with the test. */
async function startProxy(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const started = start(['proxy', '-port=0', ...args], { env });
  let stderr = '';
  started.child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
  onTestFinished(async () => {
    started.child.kill('SIGTERM');
    await started.ended;
  });
  await started.untilPrinted('Ctrl-C ends it');
  const url = /http:\/\/\S+/.exec(started.printed())?.[0] ?? '';
  return { ...started, url, stderr: () => stderr };
}

function configFile(text: string): string {
  const path = join(temporaryFolder(), 'toxiproxy.json');
  writeFileSync(path, text);
  return path;
}

async function proxiesOf(url: string): Promise<Readonly<Record<string, Record<string, unknown>>>> {
  return (await (await fetch(`${url}/proxies`)).json()) as Record<string, Record<string, unknown>>;
}

describe('flags', () => {
  test.each([['-version'], ['--version'], ['-version=true'], ['--api-version']])('%s prints the version', async (flag) => {
    const { code, stdout } = await halfopen(['proxy', flag, '-version=false', flag]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^toxiproxy-server version 2\.12\.0 \(halfopen \d+\.\d+\.\d+\S*\)\n$/)]);
  });

  test("Go's ways of writing them are understood, and the version is the API's", async () => {
    const { url } = await startProxy([
      '--host=localhost',
      '-seed',
      '-9223372036854775808',
      '-proxy-metrics=f',
      '-runtime-metrics=0',
      '-config=',
    ]);
    expect(url).toContain('127.0.0.1');
    expect(await (await fetch(`${url}/version`)).text()).toBe('{"version": "2.12.0"}\n');
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  test.each([
    [['-prot', '1'], 'did you mean -port?'],
    [['--metrics'], '-proxy-metrics'],
    [['-port', '99999'], 'from 0 to 65535'],
    [['-port'], 'argument missing'],
    [['-seed', '1.5'], 'a whole number of 64 bits'],
    [['-seed', '9223372036854775808'], 'a whole number of 64 bits'],
    [['-workers', 'x'], '--workers'],
    [['-proxy-metrics=maybe'], 'true or false'],
    [['-host', '0.0.0.0'], '--allow-non-loopback'],
    [['-host', ''], '--allow-non-loopback'],
    [['stray'], 'too many arguments'],
  ])('%j is refused', async (args, hint) => {
    const { code, stderr, stdout } = await halfopen(['proxy', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(hint);
  });

  test('an address that is taken is trouble of the machine', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const { code, stderr } = await halfopen(['proxy', '-port', port]);
    expect(code).toBe(3);
    expect(stderr).toContain(`127.0.0.1:${port}`);
  });

  test('allowed to be reached by others, it says so', async () => {
    const { printed, stderr } = await startProxy(['-host', '0.0.0.0', '-allow-non-loopback']);
    expect(printed()).toContain('open to other machines');
    await eventually('the warning', 5000, () => /"level":"warn".*Other machines can control this proxy/.test(stderr()));
  });
});

describe('configuration', () => {
  test("the page's example works: proxies, toxics, rules and traits are there", async () => {
    const page = readFileSync(join(repository, 'docs/toxiproxy.md'), 'utf8');
    const example = /```json\n([\s\S]*?)```/.exec(page)?.[1]?.replace('127.0.0.1:21000', '127.0.0.1:0') ?? '';
    const { url } = await startProxy(['-config', configFile(example)]);
    expect((await proxiesOf(url))['payments']).toMatchObject({
      enabled: true,
      protocol: 'http',
      toxics: [{ type: 'latency', attributes: { latency: 200, jitter: 50 }, ttlMs: 60_000 }],
    });
  });

  test.each([
    ['[\n  {"name": "a",\n   "upstream" "x:1"}\n]', ':3:15: found "\\"x:1\\"}"'],
    ['[\n  {"name": "a"},\n]', ':3:1: found "]"'],
    ['[{"name": "a"}', ':1:15: found the end of the file'],
    ['', ':1:1: found the end of the file'],
    ['[] []', ':1:4: found "[]"'],
    ["[{'name': 1}]", ':1:3: found "\'name\': 1}]"'],
    ['[{"name": "a\n"}]', ':1:11'],
    ['{}', ':1: it must be a list'],
    ['\n\n{}', ':3: it must be a list'],
    ['[\n  {"name": "a", "upstream": "x:1"},\n\n  {"upstream": "x:1"}\n]', ':4: missing required field: name'],
    ['[\n  {"name": "a", "upstream": "x:1"}, 5\n]', ':2: it must be an object'],
    ['[{"name": "a", "upstream": "x:1",\n "toxics": [{"type": "no"}]}]', ':1: invalid toxic type at toxic 1'],
    ['[{"name": "a", "upstream": "x:1"},\n{"name": 5}]', ':2: name must be a string: current value is 5'],
    ['[\n\n{"name": "a", "upstream": "x:1", "protocol": "udp"}]', ':3: protocol must be http or tcp: current value is udp'],
    ['[{"name": "a", "upstream": "x:1", "rules": [{"name": "r"}]}]', ':1: rules must be on a proxy whose protocol is http'],
  ])('%j is refused at its place', async (text, place) => {
    const path = configFile(text);
    const { code, stderr, stdout } = await halfopen(['proxy', '-port', '0', '-config', path]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${path}${place}`);
  });

  test('a toxic of the file ends with its time, whoever asks', async () => {
    const toxic = { type: 'noop', ttlMs: 300 };
    const { url } = await startProxy(['-config', configFile(JSON.stringify([{ name: 'a', upstream: 'x:1', toxics: [toxic] }]))]);
    await eventually('its end', 5000, async () => JSON.stringify(await proxiesOf(url)).includes('"toxics":[]'));
    expect(Object.keys(await proxiesOf(url))).toEqual(['a']);
  });

  test('a file that is not there', async () => {
    const { code, stderr } = await halfopen(['proxy', '-config', '/nowhere/toxiproxy.json']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('/nowhere/toxiproxy.json')]);
  });

  test("a proxy's address that is taken is trouble of the machine, at the proxy's line", async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const path = configFile(`[{"name": "a", "upstream": "x:1"},\n {"name": "b", "upstream": "x:1", "listen": "${listen}"}]`);
    const { code, stderr } = await halfopen(['proxy', '-port', '0', '-config', path]);
    expect(code).toBe(3);
    expect(stderr).toContain(`${path}:2: listen tcp ${listen}: bind: address already in use`);
  });
});

describe('the log', () => {
  const conversation = async (url: string): Promise<void> => {
    await fetch(`${url}/proxies`, { method: 'POST', body: JSON.stringify({ name: 'p', upstream: 'x:1', listen: '127.0.0.1:0' }) });
    await fetch(`${url}/proxies/p/toxics`, { method: 'POST', body: JSON.stringify({ type: 'noop' }) });
    await fetch(`${url}/proxies/p/toxics/noop_downstream`, { method: 'DELETE' });
    await fetch(`${url}/proxies/p`, { method: 'DELETE' });
  };
  const messages = (text: string): unknown[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => (JSON.parse(line) as { readonly message?: string }).message);

  test('says what comes and goes', async () => {
    const { url, stderr } = await startProxy([]);
    await conversation(url);
    await eventually('the end', 5000, () => stderr().includes('Terminated proxy'));
    expect(messages(stderr())).toEqual([
      'Starting Toxiproxy HTTP server',
      'Started proxy',
      'Added toxic',
      'Removed toxic',
      'Terminated proxy',
    ]);
    expect(JSON.parse(stderr().split('\n')[1] ?? '')).toEqual({
      level: 'info',
      name: 'p',
      listen: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown,
      upstream: 'x:1',
      time: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      message: 'Started proxy',
    });
  });

  test('LOG_LEVEL makes it silent, or tells each request', async () => {
    const silent = await startProxy([], { LOG_LEVEL: 'ERROR' });
    const chatty = await startProxy([], { LOG_LEVEL: 'debug' });
    await conversation(silent.url);
    await conversation(chatty.url);
    await eventually('the requests', 5000, () => /"method":"DELETE","url":"\/proxies\/p"/.test(chatty.stderr()));
    expect(silent.stderr()).toBe('');
  });

  test('a level that there is not is said, and not fatal', async () => {
    const { stderr } = await startProxy([], { LOG_LEVEL: 'loud' });
    await eventually('the word', 5000, () => stderr().includes('unknown LOG_LEVEL value'));
    expect(stderr()).toContain('"level":"error"');
  });
});
