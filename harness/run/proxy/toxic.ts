import type { ToxicKind } from './toxics/contract.ts';

export type Stream = 'upstream' | 'downstream';

/** A toxic that is in force on a proxy. */
export interface Toxic {
  readonly name: string;
  readonly type: string;
  readonly stream: Stream;
  readonly kind: ToxicKind;
  /** Share of the connections that it hits. */
  toxicity: number;
  readonly attributes: Record<string, number>;
}

/** Text of what is wrong with one attribute, or undefined. */
export function attributeProblem(kind: ToxicKind, name: string, value: unknown): string | undefined {
  const rule = kind.attributes[name];
  if (rule === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    return `attribute ${name} must be a whole number: current value is ${JSON.stringify(value)}`;
  if (value < rule.min) return `attribute ${name} must be at least ${rule.min}: current value is ${value}`;
  return undefined;
}

/**
 * The toxic's settings with `changes` applied; unknown names are ignored and null keeps the current value.
 * A text says what is wrong; nothing is applied then.
 */
export function changedAttributes(
  kind: ToxicKind,
  current: Readonly<Record<string, number>>,
  changes: Readonly<Record<string, unknown>>,
): Record<string, number> | string {
  const next: Record<string, number> = {};
  for (const name of Object.keys(kind.attributes)) {
    const value = Object.hasOwn(changes, name) ? changes[name] : null;
    const problem = attributeProblem(kind, name, value);
    if (problem !== undefined) return problem;
    next[name] = typeof value === 'number' ? value : (current[name] ?? 0);
  }
  return kind.problem?.(next) ?? next;
}
