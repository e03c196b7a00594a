import { defineConfig } from '../names.ts';

export const wrongField = defineConfig({ scenario: ['scenarios'] }); // rejected: a field that no configuration has

export const wrongGuard = defineConfig({ guards: { sentinelP95Max: 3 } }); // rejected: a limit that no guard has
