/** Checks of what toxics do to connections. */
import { expect } from 'vitest';
import { addToxic, Caller, hits, openProxy, startCallee, startDeafCallee } from '../peers.ts';
import type { Checks } from './contract.ts';

export const trafficChecks: Checks<
  | 'half-close'
  | 'reset-passed-on'
  | 'dial-in-time'
  | 'slicer-pauses'
  | 'reset-live'
  | 'reset-spares'
  | 'waits-interruptible'
  | 'timeout-spares'
  | 'stable-dice'
> = {
  'half-close': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack, (socket) => {
      socket.resume();
      socket.once('end', () => socket.end('the reply'));
    });
    const port = await openProxy(toxi, 'p', upstream);
    for (const stream of ['none', 'upstream', 'downstream']) {
      if (stream !== 'none') await addToxic(toxi, 'p', { type: 'latency', stream, attributes: { latency: 20 } });
      const caller = await Caller.dial(stack, port);
      caller.socket.end('the request');
      await caller.ended();
      expect(caller.text, stream).toBe(isOurs ? 'the reply' : '');
    }
  },

  'reset-passed-on': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack, (socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    const caller = await Caller.dial(stack, await openProxy(toxi, 'p', upstream));
    caller.socket.write('x');
    expect(await caller.ended()).toBe(isOurs ? 'reset' : 'end');
  },

  'dial-in-time': async ({ toxi, isOurs, stack }) => {
    const port = await openProxy(toxi, 'p', await startDeafCallee(stack));
    const caller = await Caller.dial(stack, port);
    const sinceMs = performance.now();
    if (isOurs) {
      await caller.ended();
      expect(performance.now() - sinceMs).toBeGreaterThan(4500);
      await Caller.dial(stack, port);
      expect((await toxi.ask('PATCH', '/proxies/p', { enabled: false })).status).toBe(200);
    } else {
      // It waits for the dial, which the system gives up after two minutes.
      await expect(toxi.ask('PATCH', '/proxies/p', { enabled: false })).rejects.toThrow('no answer');
      await expect(caller.until('the end', () => caller.how !== null, 1500)).rejects.toThrow('not within');
    }
  },

  'slicer-pauses': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi, 'p', upstream));
    await caller.echo('warm');
    // 10,000 bytes are 130 pieces of 77; halved until none is longer, they are 256.
    await addToxic(toxi, 'p', { type: 'slicer', attributes: { average_size: 77, delay: 2000 } });
    const tookMs = await caller.echo('x'.repeat(10_000));
    if (isOurs) expect(tookMs).toBeGreaterThan(250);
    if (isOurs) expect(tookMs).toBeLessThan(500);
    else expect(tookMs).toBeGreaterThan(500);
  },

  'reset-live': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(toxi, 'p', upstream));
    await caller.echo('there');
    await addToxic(toxi, 'p', { type: 'reset_peer' });
    caller.socket.write('x');
    expect(await caller.ended()).toBe(isOurs ? 'reset' : 'end');
  },

  'reset-spares': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack, (socket) => {
      socket.once('data', () => socket.end('bye'));
    });
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'reset_peer', toxicity: 0 });
    const endings: string[] = [];
    for (let round = 0; round < 5; round++) {
      const caller = await Caller.dial(stack, port);
      caller.socket.write('x');
      endings.push(await caller.ended());
    }
    if (isOurs) expect(new Set(endings)).toEqual(new Set(['end']));
    else expect(endings).toContain('reset');
  },

  'waits-interruptible': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'reset_peer', name: 't', attributes: { timeout: 1500 } });
    const caller = await Caller.dial(stack, port);
    const echo = caller.echo('x');
    // The callee's reply, which the toxic holds, starts its time.
    await expect(caller.until('the echo', () => caller.received > 0, 200)).rejects.toThrow('not within');
    const sinceMs = performance.now();
    expect((await toxi.ask('DELETE', '/proxies/p/toxics/t')).status).toBe(204);
    const tookMs = performance.now() - sinceMs;
    if (isOurs) {
      expect(tookMs).toBeLessThan(700);
      await echo;
    } else {
      expect(tookMs).toBeGreaterThan(700);
      echo.catch(() => undefined);
      await caller.ended();
    }
  },

  'timeout-spares': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'timeout', name: 't', toxicity: 0 });
    const caller = await Caller.dial(stack, port);
    await caller.echo('one');
    await toxi.ask('DELETE', '/proxies/p/toxics/t');
    if (isOurs) await caller.echo('two');
    else expect(['end', 'reset']).toContain(await caller.ended());
  },

  'stable-dice': async ({ toxi, isOurs, stack }) => {
    const { upstream } = await startCallee(stack);
    const port = await openProxy(toxi, 'p', upstream);
    await addToxic(toxi, 'p', { type: 'latency', name: 't', toxicity: 0.5, attributes: { latency: 300 } });
    const callers = await Promise.all(Array.from({ length: 40 }, () => Caller.dial(stack, port)));
    const before = await hits(callers);
    expect(before).toContain(true);
    expect(before).toContain(false);
    await toxi.ask('PATCH', '/proxies/p/toxics/t', {});
    const after = await hits(callers);
    if (isOurs) expect(after).toEqual(before);
    else expect(after).not.toEqual(before);
  },
};
