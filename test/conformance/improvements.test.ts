/** Goal: each difference that `improvements.ts` lists is there, on both sides: what the real server does, and what ours does. */
import { describe, test } from 'vitest';
import { controlApiChecks } from './checks/control-api.ts';
import type { Check } from './checks/contract.ts';
import { startChecks } from './checks/start.ts';
import { trafficChecks } from './checks/traffic.ts';
import { improvements, type ImprovementId } from './improvements.ts';
import { mayRun, sharedToxi, startToxi, type Toxi } from './servers.ts';

const checks: Readonly<Record<ImprovementId, Check>> = { ...controlApiChecks, ...trafficChecks, ...startChecks };

/** What the real server does not survive, or not whole: it gets one for itself. */
const FATAL: ReadonlySet<ImprovementId> = new Set<ImprovementId>([
  'names-in-paths',
  'attributes-checked',
  'slicer-defaults',
  'control-apart',
  'concurrent-calls',
  'dial-in-time',
]);

async function expectSo(id: ImprovementId, kind: Toxi['kind']): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const toxi = kind === 'real' && FATAL.has(id) ? stack.use(await startToxi(kind)) : await sharedToxi(kind);
  await checks[id]({ toxi, isOurs: kind === 'ours', stack });
}

describe.each(Object.keys(improvements) as ImprovementId[])('%s', (id) => {
  test('ours', { concurrent: true }, () => expectSo(id, 'ours'));
  test.runIf(mayRun('real'))('the real one', { concurrent: true }, () => expectSo(id, 'real'));
});
