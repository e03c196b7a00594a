/** States of a breaker as halfopen names them, whatever the library calls them. `unknown` is a state and never reads as closed. */
export const BREAKER_STATES = ['closed', 'open', 'half-open', 'forced-open', 'disabled', 'unknown'] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** Where a breaker's transitions are read; each kind is a row in `run/probes`. */
export interface Probe {
  readonly kind: string;
}
