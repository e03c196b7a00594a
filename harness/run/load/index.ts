import { builtinDriver } from './builtin.ts';
import { k6Driver } from './k6.ts';
import { playwrightDriver } from './playwright.ts';

/** Every load driver, by kind. */
export const loadDrivers = { builtin: builtinDriver, k6: k6Driver, playwright: playwrightDriver } as const;
