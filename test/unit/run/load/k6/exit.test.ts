import { describe, expect, test } from 'vitest';
import { HarnessError, UsageError } from '../../../../../harness/model/problem.ts';
import { describeExit, exitProblem, type K6Exit } from '../../../../../harness/run/load/k6/exit.ts';

const exit = (own: Partial<K6Exit>): K6Exit => ({ code: 0, signal: null, isStopped: false, lastLines: 'the last words', ...own });

describe('the exit code is the authority', () => {
  test.each([0, 99, 110])('%i is an end', (code) => {
    expect(exitProblem(exit({ code }), 'k6-1', 'harness')).toBeNull();
  });

  test.each([1, 97, 102, 103, 105, 106, 109, 120, 137, 255])('%i is an error of the harness, with what k6 said last', (code) => {
    const problem = exitProblem(exit({ code }), 'k6-1', 'user');
    expect(problem).toBeInstanceOf(HarnessError);
    expect(problem?.message).toMatch(new RegExp(`^The k6 process k6-1 ended before its load did: exit code ${code}: .+\nthe last words$`));
  });

  test.each([100, 101, 104, 107, 108])('%i is the fault of a user’s script, and of ours an error of the harness', (code) => {
    expect(exitProblem(exit({ code }), 'k6-1', 'user')).toBeInstanceOf(UsageError);
    expect(exitProblem(exit({ code }), 'k6-1', 'harness')).toBeInstanceOf(HarnessError);
  });

  test('a signal is an error, and so is an end that nobody saw', () => {
    expect(exitProblem(exit({ code: null, signal: 'SIGKILL' }), 'k6-1', 'user')?.message).toContain('ended by SIGKILL');
    expect(exitProblem(exit({ code: null }), 'k6-1', 'user')?.message).toContain('nobody saw how');
  });

  test('after the harness stopped it, any end is fine', () => {
    for (const own of [{ code: 105 }, { code: 0 }, { code: 255 }, { code: null, signal: 'SIGKILL' as const }])
      expect(exitProblem(exit({ ...own, isStopped: true }), 'k6-1', 'user')).toBeNull();
    expect(describeExit(exit({ code: 105, isStopped: true }))).toBe('exit code 105: stopped by the harness');
  });

  test('a k6 that said nothing is said to have said nothing', () => {
    expect(exitProblem(exit({ code: 255, lastLines: '' }), 'k6-1', 'harness')?.message).toMatch(/does not name; it said nothing$/);
  });
});
