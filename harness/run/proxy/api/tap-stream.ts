import type { ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { monotonicUs } from '../../clock.ts';
import type { TapLog, TapReader } from '../tap/tap-log.ts';

const HEALTH_MS = 1000;

/** Streams what the taps see as lines of JSON, with the proxy's own health once a second. A new reader replaces the one before. */
export function streamTaps(log: TapLog, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  response.flushHeaders();
  const reader: TapReader = { write: (lines) => response.write(lines) };
  const onDrain = (): void => log.drained();
  response.on('drain', onDrain);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let cpu = process.cpuUsage();
  let sinceUs = monotonicUs();
  const timer = setInterval(() => {
    const used = process.cpuUsage(cpu);
    const nowUs = monotonicUs();
    // The monitor's own 10 ms are no delay.
    const loopDelayP99Ms = Math.max(0, delay.percentile(99) / 1e6 - 10);
    log.sendLine(JSON.stringify({ health: { atUs: nowUs, loopDelayP99Ms, cpuRatio: (used.user + used.system) / (nowUs - sinceUs) } }));
    delay.reset();
    cpu = process.cpuUsage();
    sinceUs = nowUs;
  }, HEALTH_MS);
  response.on('close', () => {
    clearInterval(timer);
    delay.disable();
    log.detach(reader);
  });
  log.attach(reader);
}
