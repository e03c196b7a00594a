import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, type Child } from '../bench/child.ts';
import { autocannonPath } from './autocannon.ts';
import type { EchoAnswer, EchoQuestion } from './echo.ts';
import type { HostQuestion, Sender } from './host.ts';
import { lagsByRank, spreadOf } from './lag.ts';
import type { OwnTurn, Turn, TurnJob } from './turn.ts';

/** A driver in the bench. */
export interface Subject {
  readonly name: string;
  turn(job: TurnJob): Promise<Turn>;
}

/** Who takes part here, and why the others do not. */
export interface Field {
  readonly subjects: readonly Subject[];
  readonly absent: readonly string[];
}

/** `k6` is a built k6 with our extension, or why there is none. */
export function fieldOf(echo: Child<EchoQuestion, EchoAnswer>, k6: { readonly path: string } | { readonly reason: string }): Field {
  const program = autocannonPath();
  const subject = (name: string, own: Sender): Subject => ({ name, turn: (job) => turnOf(own, job, echo) });
  return {
    subjects: [
      subject('builtin', { kind: 'ours', driver: 'builtin' }),
      ...('path' in k6
        ? [
            subject('k6, our output', { kind: 'ours', driver: 'k6', k6Executable: k6.path }),
            subject('k6, JSON', { kind: 'k6-json', executable: k6.path }),
          ]
        : []),
      ...(program === null ? [] : [subject('autocannon', { kind: 'autocannon', program })]),
    ],
    absent: [
      ...('reason' in k6 ? [`k6: ${k6.reason}`] : []),
      ...(program === null ? ['autocannon: the package is not installed (npm i --no-save autocannon)'] : []),
    ],
  };
}

async function turnOf(own: Sender, job: TurnJob, echo: Child<EchoQuestion, EchoAnswer>): Promise<Turn> {
  await echo.ask('arrivals');
  await using host: Child<HostQuestion, OwnTurn> = startChild('../bench-load/host.ts');
  const told = await host.ask({ ...job, folder: mkdtempSync(join(job.folder, 'turn-')), ...own });
  const seen = [...((await echo.ask('arrivals')) as Float64Array)];
  const thousands = Math.max(1, seen.length) / 1000;
  return {
    ...told,
    cpuMs: told.cpuMs / thousands,
    readerCpuMs: told.readerCpuMs / thousands,
    sentPerSecond: (seen.length / job.lengthMs) * 1000,
    seenLag: spreadOf(lagsByRank(seen, job.ratePerSecond)),
  };
}
