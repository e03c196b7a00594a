import { check } from './check.ts';
import { command } from './command.ts';
import { environment } from './environment.ts';
import { fault } from './fault.ts';
import { load } from './load.ts';
import { probe } from './probe.ts';
import type { Recipe } from './recipe.ts';
import { reporter } from './reporter.ts';

/** Every kind of which there can be one more. */
export const recipes = { fault, check, probe, reporter, environment, load, command } as const satisfies Readonly<Record<string, Recipe>>;
