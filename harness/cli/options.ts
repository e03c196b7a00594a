import { UsageError, nearest, type Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import type { CommandCall } from './contract.ts';

export function demandNoProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw wrongCommandLine(problems);
}

export function wrongCommandLine(problems: readonly Problem[]): UsageError {
  return new UsageError('Cannot do that as the command line is wrong:', problems);
}

export function unknownName(path: string, name: string, known: readonly string[]): Problem {
  const near = nearest(name, known);
  return {
    path,
    expected: `one of ${known.join(', ')}`,
    found: show(name),
    ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }),
  };
}

export function textOption(options: CommandCall['options'], name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

export function listOption(options: CommandCall['options'], name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.map(String) : [];
}

interface WholeNumber {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

export function wholeOption(options: CommandCall['options'], { name, min, max }: WholeNumber, problems: Problem[]): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  problems.push({ path: `--${name}`, expected: `a whole number from ${min} to ${max}`, found: show(text) });
  return undefined;
}
