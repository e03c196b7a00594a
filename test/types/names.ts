export { breaker } from '../../harness/analysis/checks/breaker.ts';
export { recovery } from '../../harness/analysis/checks/recovery.ts';
export { httpStatus } from '../../harness/run/faults/http-status.ts';
export { kill } from '../../harness/run/faults/kill.ts';
export { partition } from '../../harness/run/faults/partition.ts';
export { stdoutEvents } from '../../harness/run/probes/stdout.ts';
export { defineConfig } from '../../harness/scenario/config.ts';
export { defineScenario, defineSystem } from '../../harness/scenario/define.ts';
export { get, openLoad } from '../../harness/scenario/load.ts';
