/** The driver that one would write first: a `setTimeout` for each arrival, `node:http` with a keep-alive agent. Answers its start lags. */
import { Agent, request } from 'node:http';
import { answerQuestions } from './child.ts';

export interface RivalJob {
  readonly host: string;
  readonly port: number;
  readonly intendedUs: Float64Array;
}

/** Between the job and its first arrival, in milliseconds. */
const LEAD_MS = 100;

answerQuestions<RivalJob, Float64Array>(async ({ host, port, intendedUs }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const startLagsUs = new Float64Array(intendedUs.length);
  const beginMs = performance.now() + LEAD_MS;
  await Promise.all(
    Array.from(
      intendedUs,
      (atUs, index) =>
        new Promise<void>((resolve, reject) => {
          const dueMs = beginMs + atUs / 1000;
          setTimeout(
            () => {
              startLagsUs[index] = (performance.now() - dueMs) * 1000;
              request({ host, port, path: '/', agent }, (response) => response.resume().on('end', resolve).on('error', reject))
                .on('error', reject)
                .end();
              // Rounded up: a timer drops fractions, and a request that leaves early is off its schedule too.
            },
            Math.ceil(dueMs - performance.now()),
          );
        }),
    ),
  );
  agent.destroy();
  return startLagsUs;
});
