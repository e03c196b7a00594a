import type { Fault, FaultReach } from '../../model/fault.ts';
import type { Power } from '../../model/plan.ts';
import type { Shape } from '../../model/shape.ts';
import type { System } from '../../model/system.ts';
import type { ContainerControl, ProcessControl } from '../environments/contract.ts';
import type { ProxyControl } from '../proxy/contract.ts';

/** What a fault acts through. */
export interface FaultContext {
  /** The fault's name in its scenario: what toxics and rules are called and what the tap reports. */
  readonly name: string;
  readonly seed: number;
  readonly system: System;
  readonly proxy: ProxyControl;
  readonly processes: ProcessControl;
  /** There whenever a fault needs the power `container`: plans see to that. */
  readonly containers: ContainerControl | null;
  readonly signal: AbortSignal;
}

/**
 * One kind of fault. `withdraw` is queued before `inject` is called, so it must be safe when `inject` failed half-way,
 * never ran, or when it was already called.
 */
export interface FaultDriver<F extends Fault = Fault> {
  readonly kind: string;
  readonly needs: readonly Power[];
  readonly schema: Shape;
  describe(fault: F): string;
  reach(fault: F, system: System): FaultReach;
  /** Resolves when the fault is in force. */
  inject(fault: F, context: FaultContext): Promise<void>;
  /** Resolves when the fault is out of force. */
  withdraw(fault: F, context: FaultContext): Promise<void>;
}
