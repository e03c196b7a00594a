import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { spreadOf } from './lag.ts';
import type { OwnTurn, TurnJob } from './turn.ts';
import { watchUsage } from './usage.ts';

/** What one has without our extension: k6's own executor, every sample as a line of JSON. */
export async function turnOfK6Json(executable: string, job: TurnJob): Promise<OwnTurn> {
  const script = join(job.folder, 'ping.js');
  writeFileSync(script, scriptOf(job));
  const usage = watchUsage();
  const child = spawn(executable, ['run', '--quiet', '--summary-mode=disabled', '--out', 'json', script], {
    env: { PATH: process.env['PATH'], HOME: job.folder, K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
  const excessUs: number[] = [];
  let isBegun = false;
  let answered = 0;
  const lines = createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const { type, metric, data } = JSON.parse(line) as Line;
    if (type !== 'Point') return;
    if (!isBegun) usage.begin();
    isBegun = true;
    if (metric === 'excess_us') excessUs.push(data.value);
    if (metric === 'http_reqs' && data.tags['status'] === '200') answered += data.value;
  });
  const read = once(lines, 'close');
  const [code] = (await once(child, 'close')) as [number | null];
  await read;
  const used = usage.end();
  if (code !== 0) throw new Error(`k6 ended with ${code}: ${stderr.trim()}`);
  const scheduled = (job.ratePerSecond * job.lengthMs) / 1000;
  return { ...used, okRatio: answered / scheduled, ownLag: null, excess: spreadOf(excessUs) };
}

interface Line {
  readonly type: string;
  readonly metric: string;
  readonly data: { readonly value: number; readonly tags: Readonly<Record<string, string>> };
}

/** As many virtual users as our driver prepares at most. */
function scriptOf({ address: { host, port }, ratePerSecond, lengthMs }: TurnJob): string {
  const users = Math.min(1000, ratePerSecond * 2);
  return `import http from 'k6/http';
import { Trend } from 'k6/metrics';
const excess = new Trend('excess_us');
export const options = { scenarios: { ping: { executor: 'constant-arrival-rate', rate: ${ratePerSecond}, timeUnit: '1s', duration: '${lengthMs}ms',
  preAllocatedVUs: ${users}, maxVUs: ${users}, gracefulStop: '2s' } } };
export default function () {
  const response = http.get('http://${host}:${port}/ping', { timeout: '1s' });
  if (response.status === 200) excess.add(response.timings.duration * 1000 - Number(response.headers['X-Handled-Us']));
}
`;
}
