import { builtinDriver } from './builtin.ts';

/** Every load driver, by kind. */
export const loadDrivers = { builtin: builtinDriver } as const;
