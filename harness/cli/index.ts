import { analyze } from './analyze.ts';
import { baseline } from './baseline.ts';
import { clean } from './clean.ts';
import { compare } from './compare.ts';
import { compose } from './compose.ts';
import type { Command } from './contract.ts';
import { coverage } from './coverage.ts';
import { doctor } from './doctor.ts';
import { gate } from './gate.ts';
import { init } from './init.ts';
import { k6 } from './k6.ts';
import { list } from './list.ts';
import { mergeReports } from './merge-reports.ts';
import { plan } from './plan.ts';
import { proxy } from './proxy.ts';
import { report } from './report.ts';
import { run } from './run.ts';
import { slo } from './slo.ts';

/** Every command, in the order in which the help names them. */
export const commands = {
  run,
  plan,
  list,
  analyze,
  compare,
  gate,
  baseline,
  coverage,
  slo,
  report,
  'merge-reports': mergeReports,
  init,
  doctor,
  clean,
  compose,
  proxy,
  k6,
} as const satisfies Readonly<Record<string, Command>>;
