import { shareInterval, type Count } from '../../harness/gate/statistics/binomial.ts';
import { table } from '../bench/markdown.ts';
import { coverageSimulations } from './gate-coverage.ts';
import { errorSimulations, longSimulations } from './gate-errors.ts';
import { plantedSimulations } from './gate-planted.ts';
import { describeClaim, isRefuted, percent, simulate, type Simulation } from './gate-simulation.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';

const DATA_SETS = 10_000;
/** `--quick` must still refute what is planted. */
const DATA_SETS_MIN = 1000;

/** `--runs` is the number of data sets a simulation. */
export const gateCalibrationProof: Proof = {
  name: 'gate-calibration',
  title: "The gate's statistics err as rarely as they say, and find what they promise",
  run,
};

interface Simulated {
  readonly simulation: Simulation;
  readonly count: Count;
}

async function run(options: ProofOptions): Promise<Proven> {
  const dataSets = Math.max(DATA_SETS_MIN, options.runs ?? DATA_SETS);
  const coverage = await simulateAll(coverageSimulations, dataSets, options);
  const errors = await simulateAll([...errorSimulations, ...longSimulations], dataSets, options);
  const planted = await simulateAll(plantedSimulations, dataSets, options);
  const refuted = [...coverage, ...errors].filter(({ simulation, count }) => isRefuted(count, simulation.claim));
  const missed = planted.filter(({ simulation, count }) => !isRefuted(count, simulation.claim));
  const tried = coverage.length + errors.length;
  return {
    holds: refuted.length === 0 && missed.length === 0,
    markdown: [
      claim(
        refuted.length === 0,
        `${tried - refuted.length} of ${tried} claims stand against ${dataSets.toLocaleString('en')} invented data sets each (a claim falls where they rule it out at 99.9 %)`,
      ),
      claim(missed.length === 0, `${planted.length - missed.length} of ${planted.length} planted mistakes are refuted by the same means`),
      ...section('Intervals at a nominal 95 %: how often they hold the truth', coverage),
      ...section('Verdicts: how often they are wrong, and how often a planted slowdown is found', errors),
      ...section('Planted mistakes: what must be refuted', planted),
    ].join('\n'),
  };
}

async function simulateAll(simulations: readonly Simulation[], dataSets: number, options: ProofOptions): Promise<readonly Simulated[]> {
  const results: Simulated[] = [];
  for (const simulation of simulations) {
    options.signal.throwIfAborted();
    const count = await options.cases.once(`${simulation.title}, ${dataSets}`, () => Promise.resolve(simulate(simulation, dataSets)));
    options.say(`${simulation.title}: ${percent(count.hits / count.runs)} (${describeClaim(simulation.claim)})`);
    results.push({ simulation, count });
    // An interruption is only heard between turns of the event loop.
    await new Promise(setImmediate);
  }
  return results;
}

function section(title: string, results: readonly Simulated[]): readonly string[] {
  const rows = results.map(({ simulation, count }) => {
    const { lower, upper } = shareInterval(count, 0.999);
    const range = `${percent(lower)} … ${percent(upper)}`;
    return [
      simulation.title,
      describeClaim(simulation.claim),
      percent(count.hits / count.runs),
      range,
      isRefuted(count, simulation.claim) ? 'refuted' : 'stands',
    ];
  });
  return ['', `## ${title}`, '', table(['what', 'claim', 'seen', '99.9 % interval', ''], rows)];
}
