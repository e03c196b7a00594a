import { monotonicUs } from '../clock.ts';
import { LocalPace } from './pace.ts';
import type { Attributes, AttributeRule, Pace, ToxicKind } from './toxics/contract.ts';

export type Stream = 'upstream' | 'downstream';

/** A toxic that is in force on a proxy. */
export interface Toxic {
  readonly name: string;
  readonly type: string;
  readonly stream: Stream;
  /** The stream as its maker spelt it: Toxiproxy's API answers with that. */
  readonly typedStream: string;
  readonly kind: ToxicKind;
  /** Share of the connections that it hits. */
  toxicity: number;
  readonly attributes: Record<string, number | string>;
  /** When it was put in force, in microseconds on the monotonic clock. */
  readonly sinceUs: number;
  /** The wire that its connections share, where its kind wants one. */
  readonly pace: Pace;
  /** Whose lease it ends with. */
  owner: string | null;
  /** How long it lasts from `renewedUs`, in milliseconds; null is until it is removed. Whoever sets it sets both. */
  ttlMs: number | null;
  renewedUs: number;
}

/** A toxic that is put in force now. */
export function newToxic(
  fields: Omit<Toxic, 'sinceUs' | 'pace' | 'owner' | 'ttlMs' | 'renewedUs' | 'typedStream'> &
    Partial<Pick<Toxic, 'owner' | 'ttlMs' | 'typedStream'>>,
): Toxic {
  const sinceUs = monotonicUs();
  return { owner: null, ttlMs: null, typedStream: fields.stream, ...fields, sinceUs, renewedUs: sinceUs, pace: new LocalPace() };
}

/** Text of what is wrong with one attribute, or undefined. */
export function attributeProblem(rule: AttributeRule, name: string, value: unknown): string | undefined {
  const found = `current value is ${JSON.stringify(value)}`;
  if (rule.kind === 'choice')
    return rule.options.some((option) => option === value)
      ? undefined
      : `attribute ${name} must be one of ${rule.options.join(', ')}: ${found}`;
  if (typeof value !== 'number' || !Number.isFinite(value) || (rule.kind !== 'number' && !Number.isSafeInteger(value)))
    return `attribute ${name} must be a ${rule.kind ?? 'whole'} number: ${found}`;
  if (value < rule.min) return `attribute ${name} must be at least ${rule.min}: ${found}`;
  if (rule.max !== undefined && value > rule.max) return `attribute ${name} must be at most ${rule.max}: ${found}`;
  return undefined;
}

/**
 * The toxic's settings with `changes` applied; unknown names are ignored and null keeps the current value.
 * A text says what is wrong; nothing is applied then.
 */
export function changedAttributes(
  kind: ToxicKind,
  current: Attributes,
  changes: Readonly<Record<string, unknown>>,
): Record<string, number | string> | string {
  const next: Record<string, number | string> = {};
  for (const [name, rule] of Object.entries(kind.attributes)) {
    const value = Object.hasOwn(changes, name) ? changes[name] : null;
    if (value === null) {
      const kept = current[name] ?? (rule.isOurs === true ? undefined : 0);
      if (kept !== undefined) next[name] = kept;
      continue;
    }
    const problem = attributeProblem(rule, name, value);
    if (problem !== undefined) return problem;
    next[name] = value as number | string;
  }
  return kind.problem?.(next) ?? next;
}
