import { HarnessError } from '../../model/problem.ts';
import type { ContainerControl } from '../environments/contract.ts';
import type { FaultContext } from './contract.ts';

/** What a fault on containers acts through; plans are refused before anybody can ask where there are none. */
export function containersOf({ containers }: Pick<FaultContext, 'containers'>, doing: string): ContainerControl {
  if (containers !== null) return containers;
  throw new HarnessError(`Cannot ${doing}: services are no containers here (way out: --env docker)`);
}
