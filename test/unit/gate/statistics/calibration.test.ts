import { describe, expect, it } from 'vitest';
import { coverageSimulations } from '../../../../scripts/prove/gate-coverage.ts';
import { errorSimulations } from '../../../../scripts/prove/gate-errors.ts';
import { plantedSimulations } from '../../../../scripts/prove/gate-planted.ts';
import { isRefuted, simulate } from '../../../../scripts/prove/gate-simulation.ts';

/** The proof `gate-calibration` tries ten times as many, and the simulations that take long. */
const DATA_SETS = 1000;

describe.each([
  ['intervals hold the truth', coverageSimulations],
  ['verdicts are wrong rarely', errorSimulations],
])('%s', (_, simulations) => {
  it.each(simulations)('$title', (simulation) => {
    const count = simulate(simulation, DATA_SETS);
    expect(isRefuted(count, simulation.claim), `${count.hits} of ${count.runs}`).toBe(false);
  });
});

describe('mistakes that gates make are refuted', () => {
  it.each(plantedSimulations)('$title', (simulation) => {
    const count = simulate(simulation, DATA_SETS);
    expect(isRefuted(count, simulation.claim), `${count.hits} of ${count.runs}`).toBe(true);
  });
});
