import { existsSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { CustomReporter, EndedRun, ReportTexts, SuiteAhead } from '../model/custom-reporter.ts';
import type { Outcome } from '../model/outcome.ts';
import { HarnessError, type Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import { importFailure } from './failure.ts';

const HOOKS = ['onBegin', 'onRunEnd', 'onEnd'] as const satisfies readonly (keyof CustomReporter)[];
type Hook = (typeof HOOKS)[number];

/** How long a suite waits for one hook. */
const HOOK_MS = 30_000;

/** A custom reporter as it was named. */
export interface NamedReporter {
  readonly label: string;
  readonly reporter: CustomReporter;
}

/** Whether a reporter's name is a path to a module: it says so with a dot at its front, a separator or an extension. */
export function isReporterPath(name: string): boolean {
  return name.startsWith('.') || isAbsolute(name) || name.includes('/') || /\.[cm]?[jt]s$/.test(name);
}

export interface ReporterPath {
  /** As it was typed. */
  readonly name: string;
  /** The folder that it counts from. */
  readonly folder: string;
  /** Where it was typed: `--reporter`. */
  readonly place: string;
}

/** Imports a custom reporter; what is wrong with it is added to `problems`, and null is answered. */
export async function loadCustomReporter({ name, folder, place }: ReporterPath, problems: Problem[]): Promise<NamedReporter | null> {
  const path = resolve(folder, name);
  const refuse = (expected: string, found: string): null => {
    problems.push({ path: place, expected, found });
    return null;
  };
  if (!existsSync(path) || !statSync(path).isFile())
    return refuse('a reporter’s name, or the path of a module', `${name}, which is no file`);
  try {
    const exported = ((await import(pathToFileURL(path).href)) as { readonly default?: unknown }).default;
    const made: unknown = typeof exported === 'function' ? await (exported as () => unknown)() : exported;
    const wrong = wrongIn(made);
    if (wrong !== null) return refuse(`an object with some of ${HOOKS.join(', ')} as the default export of ${name}`, wrong);
    return { label: name, reporter: made as CustomReporter };
  } catch (error) {
    return refuse(`a module that can be imported: ${name}`, importFailure(error));
  }
}

/** What keeps a value from being a reporter; null where nothing does. */
function wrongIn(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return show(value);
  const entries = value as Readonly<Record<string, unknown>>;
  const hooks = HOOKS.filter((name) => entries[name] !== undefined);
  if (hooks.length === 0) return 'none of them';
  const wrong = hooks.find((name) => typeof entries[name] !== 'function');
  return wrong === undefined ? null : `${wrong} as ${show(entries[wrong])}`;
}

export interface AudienceOptions {
  /** Told what a reporter did wrong. */
  readonly onTrouble: (text: string) => void;
  /** @default 30 s */
  readonly hookMs?: number;
}

/** The custom reporters of one suite. What goes wrong in one of them is told, and touches nothing else. */
export class Audience implements Disposable {
  readonly #reporters: readonly NamedReporter[];
  readonly #options: AudienceOptions;
  readonly #left = new Set<NamedReporter>();
  #isTroubled = false;
  constructor(reporters: readonly NamedReporter[], options: AudienceOptions) {
    this.#reporters = reporters;
    this.#options = options;
    if (reporters.length > 0) process.on('unhandledRejection', this.#onStray);
  }

  /** Whether a reporter has failed. */
  get isTroubled(): boolean {
    return this.#isTroubled;
  }

  [Symbol.dispose](): void {
    process.off('unhandledRejection', this.#onStray);
  }

  /** A promise that a reporter started and did not wait for: unheard, it would end the process with the code of a failed scenario. */
  readonly #onStray = (error: unknown): void => {
    this.#isTroubled = true;
    const labels = this.#reporters.map(({ label }) => label).join(', ');
    this.#options.onTrouble(`A promise that nobody waits for failed, in ${labels} or in what it calls: ${importFailure(error)}`);
  };

  async begin(suite: SuiteAhead): Promise<void> {
    for (const entry of this.#reporters) await this.#call(entry, 'onBegin', () => entry.reporter.onBegin?.(frozen(suite)));
  }

  async runEnded(run: EndedRun): Promise<void> {
    for (const entry of this.#reporters) await this.#call(entry, 'onRunEnd', () => entry.reporter.onRunEnd?.(frozen(run)));
  }

  /** Hands each reporter's files to `write`, which may throw. */
  async end(outcome: Outcome, write: (file: string, text: string) => void): Promise<void> {
    for (const entry of this.#reporters) {
      await this.#call(entry, 'onEnd', async () => {
        const texts: unknown = await entry.reporter.onEnd?.(frozen(outcome));
        for (const [file, text] of filesIn(texts)) write(file, text);
      });
    }
    // A promise that failed without anybody waiting is told of once all that is due now has been done.
    if (this.#reporters.length > 0) await setImmediate();
  }

  async #call(entry: NamedReporter, hook: Hook, act: () => unknown): Promise<void> {
    if (this.#left.has(entry)) return;
    const { onTrouble, hookMs = HOOK_MS } = this.#options;
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(() => deadline.reject(new HarnessError(`it did not end within ${hookMs / 1000} s`)), hookMs);
    try {
      await Promise.race([Promise.resolve().then(act), deadline.promise]);
    } catch (error) {
      this.#left.add(entry);
      this.#isTroubled = true;
      const reason = error instanceof HarnessError ? error.message : importFailure(error);
      onTrouble(`The reporter ${entry.label} failed in ${hook}, and is not called again: ${reason}`);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @throws {HarnessError} if it is no object of texts by the names of files */
function filesIn(texts: unknown): readonly (readonly [string, string])[] {
  if (texts === undefined || texts === null) return [];
  if (typeof texts !== 'object') throw new HarnessError(`it must return texts by file name, or nothing: it returned ${show(texts)}`);
  return Object.entries(texts as ReportTexts).map(([file, text]: readonly [string, unknown]) => {
    if (!/^[A-Za-z0-9][\w.-]*$/.test(file))
      throw new HarnessError(`a file's name must be letters, digits, '.', '_' and '-': it is ${show(file)}`);
    if (typeof text !== 'string') throw new HarnessError(`${file} must be a text: it is ${show(text)}`);
    return [file, text];
  });
}

/** Freezes a value with all that it holds, so that a reporter cannot change what others read: it throws where it tries. */
function frozen<T>(value: T): T {
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next) || ArrayBuffer.isView(next)) continue;
    Object.freeze(next);
    open.push(...Object.values(next).filter((child) => typeof child === 'object' && child !== null));
  }
  return value;
}
