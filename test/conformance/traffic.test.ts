/**
 * Goal: what toxics do to bytes is what Toxiproxy's do: the demands of its own data-plane tests, asked of both servers from outside. Times
 * are compared as orderings and with wide bounds, as the machine is shared.
 */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addToxic, Caller, deadAddress, openProxy, startCallee } from './peers.ts';
import { onBothServers } from './servers.ts';

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

onBothServers('without toxics', (toxi) => {
  test('bytes pass both ways unchanged', async () => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'plain', upstream));
    await caller.echo('hello');
    await caller.echo('x'.repeat(2_000_000));
    expect(caller.received).toBe(2_000_005);
    expect(caller.text.startsWith('helloxxxx')).toBe(true);
  });

  test('a disabled proxy refuses connections and ends those it has; enabled again it keeps its port', async () => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi(), 'off', upstream);
    const caller = await Caller.dial(stack, port);
    await caller.echo('there');
    await toxi().ask('PATCH', '/proxies/off', { enabled: false });
    await caller.ended();
    await expect(Caller.dial(stack, port)).rejects.toThrow('ECONNREFUSED');
    await toxi().ask('PATCH', '/proxies/off', { enabled: true });
    await (await Caller.dial(stack, port)).echo('again');
  });

  test('the same values leave connections alone, another upstream ends them', async () => {
    const [first, second] = await Promise.all([startCallee(stack), startCallee(stack)]);
    const port = await openProxy(toxi(), 'same', first.upstream);
    const caller = await Caller.dial(stack, port);
    await caller.echo('one');
    await toxi().ask('POST', '/proxies/same', { listen: `localhost:${port}`, upstream: first.upstream, enabled: true });
    await caller.echo('two');
    await toxi().ask('POST', '/proxies/same', { upstream: second.upstream });
    await caller.ended();
    const next = second.next();
    await (await Caller.dial(stack, port)).echo('three');
    expect((await next).remoteAddress).toBeDefined();
  });

  test('a callee that is not there: the caller is connected and then loses the connection', async () => {
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'dead', await deadAddress()));
    expect(['end', 'reset']).toContain(await caller.ended());
    expect(caller.received).toBe(0);
  });

  test("the callee's end reaches the caller behind all of its data", async () => {
    const { upstream } = await startCallee(stack, (socket) => socket.end('z'.repeat(300_000)));
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'ends', upstream));
    expect(await caller.ended()).toBe('end');
    expect(caller.received).toBe(300_000);
  });
});

onBothServers('latency', (toxi) => {
  test.each(['upstream', 'downstream'])('delays what goes %s, and adds up', async (stream) => {
    const { upstream } = await startCallee(stack);
    const proxy = `slow-${stream}`;
    const caller = await Caller.dial(stack, await openProxy(toxi(), proxy, upstream));
    await caller.echo('warm');
    const directMs = await caller.echo('fast');
    await addToxic(toxi(), proxy, { type: 'latency', name: 'one', stream, attributes: { latency: 100 } });
    const onceMs = await caller.echo('slow');
    await addToxic(toxi(), proxy, { type: 'latency', name: 'two', stream, attributes: { latency: 100 } });
    const twiceMs = await caller.echo('slower');
    await toxi().ask('DELETE', `/proxies/${proxy}/toxics/one`);
    const againMs = await caller.echo('slow');
    expect(directMs).toBeLessThan(90);
    expect(onceMs).toBeGreaterThanOrEqual(99);
    expect(onceMs).toBeLessThan(190);
    expect(twiceMs).toBeGreaterThanOrEqual(198);
    expect(twiceMs).toBeLessThan(390);
    expect(againMs).toBeLessThan(190);
  });

  test('jitter stays between latency ± jitter, and order is kept', async () => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'jitter', upstream));
    await addToxic(toxi(), 'jitter', { type: 'latency', attributes: { latency: 60, jitter: 40 } });
    const timesMs: number[] = [];
    for (let round = 0; round < 12; round++) timesMs.push(await caller.echo(`${round};`));
    expect(Math.min(...timesMs)).toBeGreaterThanOrEqual(19);
    expect(Math.max(...timesMs) - Math.min(...timesMs)).toBeGreaterThan(5);
    expect(caller.text).toBe(Array.from({ length: 12 }, (_, round) => `${round};`).join(''));
  });

  test('is pipelined: 1.2 MB take one delay, not one for each chunk', async () => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'pipelined', upstream));
    await addToxic(toxi(), 'pipelined', { type: 'latency', attributes: { latency: 200 } });
    const tookMs = await caller.echo('y'.repeat(1_200_000));
    expect(tookMs).toBeGreaterThanOrEqual(199);
    expect(tookMs).toBeLessThan(1000);
  });

  test('an update lets go of what is held, a removal flushes it', async () => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'held', upstream));
    await caller.echo('warm');
    await addToxic(toxi(), 'held', { type: 'latency', attributes: { latency: 60_000 } });
    const updated = caller.echo('first');
    await toxi().ask('POST', '/proxies/held/toxics/latency_downstream', { attributes: { latency: 0 } });
    expect(await updated).toBeLessThan(5000);
    await toxi().ask('POST', '/proxies/held/toxics/latency_downstream', { attributes: { latency: 60_000 } });
    const removed = caller.echo('second');
    await toxi().ask('DELETE', '/proxies/held/toxics/latency_downstream');
    expect(await removed).toBeLessThan(5000);
    expect(caller.text).toBe('warmfirstsecond');
  });
});

onBothServers('bandwidth', (toxi) => {
  test.each(['upstream', 'downstream'])('480 kB at 1000 kB/s take about 480 ms %s', async (stream) => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), `narrow-${stream}`, upstream));
    await caller.echo('warm');
    await addToxic(toxi(), `narrow-${stream}`, { type: 'bandwidth', stream, attributes: { rate: 1000 } });
    const tookMs = await caller.echo('b'.repeat(480_000));
    expect(tookMs).toBeGreaterThan(460);
    expect(tookMs).toBeLessThan(900);
  });

  test('rate 0 stalls until it is removed', async () => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'stalled', upstream));
    await caller.echo('warm');
    await addToxic(toxi(), 'stalled', { type: 'bandwidth', attributes: { rate: 0 } });
    const echo = caller.echo('later');
    await expect(caller.until('anything', () => caller.received > 4, 300)).rejects.toThrow('not within 300 ms');
    await toxi().ask('DELETE', '/proxies/stalled/toxics/bandwidth_downstream');
    await echo;
  });
});

onBothServers('reset_peer', (toxi) => {
  test.each(['upstream', 'downstream'])('%s: both peers see a reset', async (stream) => {
    const callee = await startCallee(stack);
    const port = await openProxy(toxi(), `reset-${stream}`, callee.upstream);
    await addToxic(toxi(), `reset-${stream}`, { type: 'reset_peer', stream, attributes: { timeout: 0 } });
    const arrived = callee.next();
    const caller = await Caller.dial(stack, port);
    const failed = once(await arrived, 'error', { signal: AbortSignal.timeout(10_000) });
    caller.socket.write('x');
    expect(await caller.ended()).toBe('reset');
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  test('waits for `timeout` ms after the first data', async () => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi(), 'reset-late', upstream);
    await addToxic(toxi(), 'reset-late', { type: 'reset_peer', attributes: { timeout: 200 } });
    const caller = await Caller.dial(stack, port);
    const sinceMs = performance.now();
    caller.socket.write('x');
    expect(await caller.ended()).toBe('reset');
    expect(performance.now() - sinceMs).toBeGreaterThan(190);
    expect(caller.received).toBe(0);
  });
});

onBothServers('timeout', (toxi) => {
  test('swallows data, and closes both sides in order when none has come for so long', async () => {
    const callee = await startCallee(stack);
    const port = await openProxy(toxi(), 'silent', callee.upstream);
    await addToxic(toxi(), 'silent', { type: 'timeout', attributes: { timeout: 300 } });
    const arrived = callee.next();
    const caller = await Caller.dial(stack, port);
    const closed = once(await arrived, 'close', { signal: AbortSignal.timeout(10_000) });
    const sinceMs = performance.now();
    const writing = setInterval(() => caller.socket.write('x'), 100);
    await expect(caller.until('the end', () => caller.how !== null, 700)).rejects.toThrow('not within 700 ms');
    clearInterval(writing);
    expect(await caller.ended()).toBe('end');
    await closed;
    expect(performance.now() - sinceMs).toBeGreaterThan(900);
    expect(caller.received).toBe(0);
  });

  test('0 swallows until it is removed, which closes the connection', async () => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'swallowed', upstream));
    await caller.echo('warm');
    await addToxic(toxi(), 'swallowed', { type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } });
    caller.socket.write('lost');
    await expect(caller.until('anything', () => caller.received > 4 || caller.how !== null, 300)).rejects.toThrow('not within');
    await toxi().ask('DELETE', '/proxies/swallowed/toxics/timeout_upstream');
    expect(await caller.ended()).toBe('end');
    expect(caller.text).toBe('warm');
  });
});

onBothServers('slicer', (toxi) => {
  test('cuts without losing a byte, and pauses after each piece', async () => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'sliced', upstream));
    await addToxic(toxi(), 'sliced', { type: 'slicer', attributes: { average_size: 100, size_variation: 10, delay: 5000 } });
    const text = Array.from({ length: 200 }, (_, index) => String(index % 10))
      .join('')
      .repeat(5);
    const tookMs = await caller.echo(text);
    expect(caller.text).toBe(text);
    expect(caller.arrivals.length).toBeGreaterThan(3);
    expect(Math.max(...caller.arrivals.map(({ bytes }) => bytes))).toBeLessThan(900);
    expect(tookMs).toBeGreaterThan(30);
  });
});

onBothServers('slow_close', (toxi) => {
  test("holds the callee's end back, not its data", async () => {
    const { upstream } = await startCallee(stack, (socket) => socket.end('bye'));
    const port = await openProxy(toxi(), 'lingers', upstream);
    await addToxic(toxi(), 'lingers', { type: 'slow_close', attributes: { delay: 300 } });
    const caller = await Caller.dial(stack, port);
    await caller.until('the data', () => caller.received === 3);
    const sinceMs = performance.now();
    expect(await caller.ended()).toBe('end');
    expect(performance.now() - sinceMs).toBeGreaterThan(200);
  });
});

onBothServers('limit_data', (toxi) => {
  test('passes exactly so many bytes, then closes', async () => {
    const { upstream } = await startCallee(stack, (socket) => void socket.write('0123456789'));
    const port = await openProxy(toxi(), 'limit', upstream);
    await addToxic(toxi(), 'limit', { type: 'limit_data', attributes: { bytes: 10 } });
    const exact = await Caller.dial(stack, port);
    expect(await exact.ended()).toBe('end');
    expect(exact.text).toBe('0123456789');
    await toxi().ask('POST', '/proxies/limit/toxics/limit_data_downstream', { attributes: { bytes: 4 } });
    const cut = await Caller.dial(stack, port);
    expect(await cut.ended()).toBe('end');
    expect(cut.text).toBe('0123');
  });

  test('cuts in the second chunk, and counts on across an update', async () => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi(), 'second', upstream);
    await addToxic(toxi(), 'second', { type: 'limit_data', attributes: { bytes: 10 } });
    const caller = await Caller.dial(stack, port);
    await caller.echo('12345');
    await toxi().ask('POST', '/proxies/second/toxics/limit_data_downstream', { attributes: { bytes: 8 } });
    caller.socket.write('6789012345');
    expect(await caller.ended()).toBe('end');
    expect(caller.text).toBe('12345678');
  });

  test('0 waits for data and then closes without it', async () => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi(), 'none', upstream);
    await addToxic(toxi(), 'none', { type: 'limit_data', attributes: { bytes: 0 } });
    const caller = await Caller.dial(stack, port);
    await expect(caller.until('the end', () => caller.how !== null, 200)).rejects.toThrow('not within');
    caller.socket.write('x');
    expect(await caller.ended()).toBe('end');
    expect(caller.received).toBe(0);
  });
});

onBothServers('toxics that come and go', (toxi) => {
  test('a connection lives through 300 rounds of add and remove, with every byte in order', async () => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi(), 'churn', upstream));
    const sent: string[] = [];
    for (let round = 0; round < 300; round++) {
      const type = ['latency', 'noop', 'slow_close'][round % 3];
      await addToxic(toxi(), 'churn', { type, name: 't', stream: round % 2 === 0 ? 'upstream' : 'downstream' });
      sent.push(`${round},`);
      await caller.echo(`${round},`);
      expect((await toxi().ask('DELETE', '/proxies/churn/toxics/t')).status).toBe(204);
    }
    expect(caller.text).toBe(sent.join(''));
  });

  test('connections may come, be served and go while toxics change', async () => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi(), 'cycles', upstream);
    for (let round = 0; round < 50; round++) {
      const caller = await Caller.dial(stack, port);
      await addToxic(toxi(), 'cycles', { type: 'noop', name: 't' });
      await caller.echo('x');
      caller.socket.destroy();
      expect((await toxi().ask('DELETE', '/proxies/cycles/toxics/t')).status).toBe(204);
    }
  });
});
