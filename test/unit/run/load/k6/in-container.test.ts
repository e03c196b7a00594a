// Goal: what k6 is started with in a container means the same as here, and its output and end are told as those of a process are.
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { InsideSpec } from '../../../../../harness/run/environments/contract.ts';
import { startInside, type K6Start } from '../../../../../harness/run/load/k6/in-container.ts';

const START: K6Start = {
  instance: 'k6-1',
  executable: '/opt/k6',
  args: ['run', '--quiet', '/tmp/k6-a/runner.js'],
  env: { HALFOPEN_K6_SOCKET: '/tmp/k6-a/s' },
  files: ['/tmp/k6-a', '/tmp/k6-a'],
};

/** Stands for the environment's network: notes what is asked of it, prints, and ends. Real containers are in test/containers/k6.test.ts. */
function insideThat(prints: readonly string[], exitCode: number) {
  const asked: InsideSpec[] = [];
  const inside = {
    entry: { host: 'gateway', port: 8080 },
    async run(spec: InsideSpec) {
      asked.push(spec);
      for (const line of prints) spec.onLine(line);
      const address = spec.port === undefined ? null : { host: '127.0.0.1', port: 4000 };
      const done = async (): Promise<void> => undefined;
      return { address, exited: Promise.resolve({ exitCode, isOomKilled: false }), stop: done, kill: done };
    },
  };
  return { inside, asked };
}

it('mounts program and files, each once, at the paths that they have', async () => {
  const { inside, asked } = insideThat([], 0);
  const started = await startInside(inside, START);
  expect(asked).toMatchObject([
    { name: 'k6-1', command: ['/opt/k6', 'run', '--quiet', '/tmp/k6-a/runner.js'], mounts: ['/opt/k6', '/tmp/k6-a'], env: START.env },
  ]);
  expect(started.api).toBeNull();
  expect(await started.exited).toEqual({ code: 0, signal: null });
});

it('gives it a file as standard input, a working folder and a port for its REST API', async () => {
  const { inside, asked } = insideThat([], 99);
  const started = await startInside(inside, { ...START, args: ['run', '-'], input: '/tmp/it’s.js', workingFolder: '/w', hasApi: true });
  expect(asked[0]).toMatchObject({
    command: ['sh', '-c', 'exec "$@" <"$0"', '/tmp/it’s.js', '/opt/k6', 'run', '--address', '0.0.0.0:6565', '-'],
    mounts: ['/opt/k6', '/tmp/k6-a', '/tmp/it’s.js'],
    workingFolder: '/w',
    port: 6565,
  });
  expect(started.api).toBe('http://127.0.0.1:4000');
  expect(await started.exited).toEqual({ code: 99, signal: null });
});

it('tells a kill as a signal', async () => {
  expect(await (await startInside(insideThat([], 137).inside, START)).exited).toEqual({ code: null, signal: 'SIGKILL' });
});

it('says why k6 could not reach the harness, and says nothing where it could', async () => {
  const lines = async (line: string): Promise<string> => {
    const { output } = await startInside(insideThat([line, line], 255).inside, START);
    const [stream] = output;
    if (stream === undefined) throw new Error('It has to have an output.');
    return text(stream);
  };
  const complaint = 'dial unix /tmp/k6-a/s: connect: connection refused';
  expect(await lines(complaint)).toMatch(/refused\nhalfopen: k6 runs in a container .*--load builtin\)\n.*refused\n$/);
  expect(await lines('dial tcp 10.0.0.1:80: refused')).not.toContain('halfopen');
});
