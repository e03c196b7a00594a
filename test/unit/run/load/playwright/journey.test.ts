// Goal: only what `journey` made is a journey, whichever copy of the module made it.
import { expect, test } from 'vitest';
import { codeOf, journey } from '../../../../../harness/run/load/playwright/journey.ts';

test('a journey carries its code', async () => {
  const code = (): string => 'there';
  expect(codeOf(journey(code))).toBe(code);
  const path: string = '../../../../../harness/run/load/playwright/journey.ts?copy';
  const copy = (await import(path)) as { readonly journey: typeof journey };
  expect(codeOf(copy.journey(code))).toBe(code);
});

test('nothing else is one', () => {
  for (const value of [undefined, null, 42, () => undefined, {}]) expect(codeOf(value)).toBeUndefined();
  expect(() => journey('go' as never)).toThrow("Cannot make a journey as 'code' must be a function: current value is string");
});
