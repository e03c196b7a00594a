import { stripVTControlCharacters } from 'node:util';
import type { StepTaken } from '../../../model/event.ts';
import type { Outcome } from '../../../model/load.ts';
import { judgeNetError, netErrorIn } from './net-error.ts';

/** How a journey or a step of it ended. */
export interface JourneyEnd {
  readonly outcome: Outcome;
  readonly step: StepTaken['outcome'];
  /** Why, where it went wrong. */
  readonly reason?: string;
}

const REASON_LENGTH = 300;

/** What an error that a journey threw means; `status` is that of the last document, 0 where none came. */
export function judgeThrown(error: unknown, status: number): JourneyEnd {
  const reason = reasonOf(error);
  const netError = netErrorIn(reason);
  const isTimeout = error instanceof Error && error.name === 'TimeoutError';
  const step = isTimeout ? 'timeout' : 'failed';
  if (netError !== null) return { outcome: judgeNetError(netError).outcome, step, reason };
  if (status >= 400) return { outcome: 'http-error', step, reason };
  return { outcome: isTimeout ? 'timeout' : 'wrong', step, reason };
}

/** What the end of a journey that threw nothing means: the last page must not have been an error. */
export function judgeDone(status: number, isDegraded: boolean): JourneyEnd {
  if (status >= 400) return { outcome: 'http-error', step: 'failed', reason: `the last page was answered with ${status}` };
  return { outcome: isDegraded ? 'degraded' : 'ok', step: 'ok' };
}

/** An error in one line: its message, and what Playwright was waiting for. */
export function reasonOf(error: unknown): string {
  const lines = linesOf(error);
  const [first = 'it threw nothing that has a message', second] = lines;
  const message = first.endsWith(':') && second !== undefined ? `${first} ${second}` : first;
  const waited = waitOf(lines);
  return `${message}${waited === undefined ? '' : ` (${waited})`}`.slice(0, REASON_LENGTH);
}

function linesOf(error: unknown): readonly string[] {
  return stripVTControlCharacters(error instanceof Error ? error.message : String(error))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The first thing in Playwright's call log that it waited for. */
function waitOf(lines: readonly string[]): string | undefined {
  const log = lines.indexOf('Call log:');
  if (log === -1) return undefined;
  return lines
    .slice(log + 1)
    .find((line) => /^- (?:waiting|navigating|expect)/i.test(line))
    ?.slice(2);
}

/** What the code of a journey that was given up was waiting for, by what it threw; undefined where it does not say. */
export function waitIn(error: unknown): string | undefined {
  return waitOf(linesOf(error));
}
