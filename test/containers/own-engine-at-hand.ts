/** Whether tests can start an engine of their own here; where they cannot they are skipped loudly, and CI fails on any skip. */
import { describe } from 'vitest';
import { ownEngineImpossible } from '../../scripts/prove/own-engine.ts';

/** `describe`, for tests that stop and start the engine that they run on. */
export function describeWithOwnEngine(name: string, define: () => void): void {
  const reason = ownEngineImpossible();
  describe.skipIf(reason !== null)(reason === null ? name : `${name} [skipped: ${reason}]`, define);
}
