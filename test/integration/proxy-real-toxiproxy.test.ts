import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectToxiproxy } from '../../harness/run/proxy/real-toxiproxy.ts';
import { PROXY, signal, startBehind, STORM } from './proxy-chain-world.ts';

let stack: AsyncDisposableStack;

beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

describe('a Toxiproxy by its API', () => {
  test('must be one, of a release that is known', async () => {
    const answers = async (body: string): Promise<string> => {
      const server = createServer((_, response) => response.end(body));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      stack.defer(() => void server.close());
      const controlUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      return connectToxiproxy({ controlUrl }).then(
        ({ version }) => version,
        (error: Error) => error.message,
      );
    };
    expect(await answers('{"version": "2.12.0"}\n')).toBe('2.12.0');
    expect(await answers('{"version": "2.5.0"}')).toMatch(
      /^Cannot use the Toxiproxy at .* as 'version' must be at least 2\.6: current value is 2\.5\.0$/,
    );
    expect(await answers('<html>hello')).toMatch(
      /^Cannot use the Toxiproxy at .*: what answers there is none \(its version is <html>hello\)$/,
    );
    await expect(connectToxiproxy({ controlUrl: 'http://127.0.0.1:1' })).rejects.toThrow(
      /^Cannot ask for its version: the Toxiproxy at .* cannot be reached/,
    );
  });

  test('a removal does not overtake the toxic that an aborted call is still adding', async () => {
    const behind = await startBehind(stack);
    const real = await connectToxiproxy({ controlUrl: behind.controlUrl, deadlineMs: 300 });
    await real.ensure([{ name: PROXY, listen: '127.0.0.1:0', upstream: '127.0.0.1:9' }], signal());
    const abort = new AbortController();
    const added = real.addToxic(PROXY, STORM, abort.signal);
    abort.abort(new Error('Ctrl-C'));
    await expect(added).rejects.toThrow('Ctrl-C');
    const late = real.addToxic(PROXY, { ...STORM, name: 'late' }, AbortSignal.timeout(10));
    await Promise.allSettled([late, real.removeToxic(PROXY, 'late', signal())]);
    expect((await real.proxies(signal())).flatMap(({ toxics }) => toxics)).toEqual([]);
  });

  test('never gets what would end it, and an edge that it lacks is said', async () => {
    const behind = await startBehind(stack);
    const real = await connectToxiproxy({ controlUrl: behind.controlUrl });
    const before = behind.asked.length;
    await expect(real.addToxic(PROXY, { ...STORM, type: 'slicer', attributes: {} }, signal())).rejects.toThrow(
      /^Cannot add toxic 'storm' as 'average_size' must be a whole number from 1/,
    );
    expect(behind.asked.slice(before)).toEqual([]);
    await expect(real.addToxic(PROXY, STORM, signal())).rejects.toThrow(/answered 404 \(it has no such proxy\)$/);
    await real.removeToxic(PROXY, 'storm', signal());
    await real.removeProxy(PROXY, signal());
    await real.ensure([], signal());
    expect(await real.reset(signal())).toBe(0);
  });

  test('names that need it are escaped', async () => {
    const behind = await startBehind(stack);
    const real = await connectToxiproxy({ controlUrl: behind.controlUrl });
    await real.ensure([{ name: 'a b#c', listen: '127.0.0.1:0', upstream: '127.0.0.1:9' }], signal());
    await real.addToxic('a b#c', { ...STORM, name: 'x y#up' }, signal());
    expect((await real.proxies(signal())).map(({ name, toxics }) => [name, toxics])).toEqual([['a b#c', ['x y#up']]]);
    await real.removeToxic('a b#c', 'x y#up', signal());
    await real.removeProxy('a b#c', signal());
    expect(await real.proxies(signal())).toEqual([]);
  });
});
