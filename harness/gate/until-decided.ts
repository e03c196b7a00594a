import type { GateAnswer, GateFinding, GateOutcome } from '../model/gate.ts';
import { isUsable, type RunStatistics, type UnusableRun } from '../model/run-statistics.ts';
import type { Slo } from '../model/slo.ts';
import { achievementOf, describeSlo, isAbout } from './slo.ts';
import { judgeSequentially, type SequentialVerdict } from './statistics/sequential.ts';

/** Where an SLO stands in one scenario while runs go on. */
interface Standing {
  readonly slo: Slo;
  readonly counts: NonNullable<GateFinding['counts']>;
  readonly invalid: number;
  readonly answer: GateAnswer;
  /** Another run can still decide it. */
  readonly isOpen: boolean;
  /** Runs more that pass it if all meet it; null where none do. */
  readonly runsToPass: number | null;
}

/** Runs that go on until every SLO of their scenario is decided: whoever stops there errs no more often than the SLO's confidence says. */
export class UntilDecided {
  readonly #slos: readonly Slo[];
  readonly #runsMax: number;
  readonly #runs = new Map<string, (RunStatistics | UnusableRun)[]>();

  /** @param runsMax most runs of one scenario */
  constructor(slos: readonly Slo[], runsMax: number) {
    this.#slos = slos;
    this.#runsMax = runsMax;
  }

  add(scenario: string, statistics: RunStatistics | UnusableRun): void {
    const runs = this.#runs.get(scenario);
    if (runs === undefined) this.#runs.set(scenario, [statistics]);
    else runs.push(statistics);
  }

  /** Whether another run of a scenario can decide anything. The first one tells which SLOs are about it. */
  isOpen(scenario: string): boolean {
    const runs = this.#runs.get(scenario) ?? [];
    if (!runs.some(isUsable)) return runs.length < this.#runsMax;
    return this.#standings(scenario).some(({ isOpen }) => isOpen);
  }

  /** What is known now, of every scenario that ran. */
  outcome(): GateOutcome {
    const findings = [...this.#runs.keys()].flatMap((scenario) => {
      const standings = this.#standings(scenario);
      return standings.length > 0 ? standings.map((standing) => findingOf(scenario, standing)) : this.#silence(scenario);
    });
    const answers = findings.map(({ answer }) => answer);
    const answer = answers.includes('fail') ? 'fail' : answers.length === 0 || answers.includes('cannot-tell') ? 'cannot-tell' : 'pass';
    return { schemaVersion: 1, answer, findings, notes: [] };
  }

  #standings(scenario: string): readonly Standing[] {
    const runs = this.#runs.get(scenario) ?? [];
    const usable = runs.filter(isUsable);
    const runsLeft = this.#runsMax - runs.length;
    return this.#slos.flatMap((slo) => standingOf(slo, usable, { invalid: runs.length - usable.length, runsLeft }) ?? []);
  }

  /** A scenario about which no SLO says anything needs no finding, unless nobody knows whether one would have. */
  #silence(scenario: string): readonly GateFinding[] {
    const runs = this.#runs.get(scenario) ?? [];
    if (runs.some(isUsable)) return [];
    return this.#slos
      .filter(({ scenarios: { names } }) => names.length === 0 || names.includes(scenario))
      .map((slo) => ({
        kind: 'slo',
        name: slo.name,
        demand: describeSlo(slo),
        scenario,
        answer: 'cannot-tell',
        sentence: `none of its ${runs.length} runs is valid`,
      }));
  }
}

function standingOf(
  slo: Slo,
  runs: readonly RunStatistics[],
  { invalid, runsLeft }: { readonly invalid: number; readonly runsLeft: number },
): Standing | null {
  const [first] = runs;
  if (first === undefined || !isAbout(slo, first.scenario)) return null;
  const states = runs.map((run) => achievementOf(slo, run).state);
  const of = (...wanted: readonly string[]): number => states.filter((state) => wanted.includes(state)).length;
  const counts = { met: of('met'), missed: of('missed'), unclear: of('unclear', 'refused') };
  const total = counts.met + counts.missed + counts.unclear;
  if (total === 0) return null;
  const goal = { share: slo.proportion, confidence: slo.confidence };
  const runsMax = total + runsLeft;
  // What cannot say counts against a pass, and not for a failure.
  const atWorst = judgeSequentially({ hits: counts.met, runs: total }, goal, runsMax);
  const atBest = judgeSequentially({ hits: counts.met + counts.unclear, runs: total }, goal, runsMax);
  const answer = atBest.answer === 'fail' ? 'fail' : atWorst.answer === 'pass' && invalid <= total ? 'pass' : 'cannot-tell';
  const mayDecide = (verdict: SequentialVerdict): boolean => verdict.answer === 'go-on';
  const isOpen =
    answer === 'cannot-tell' && of('refused') === 0 && runsLeft > 0 && (mayDecide(atWorst) || mayDecide(atBest) || invalid > total);
  return { slo, counts, invalid, answer, isOpen, runsToPass: 'hitsToPass' in atWorst ? atWorst.hitsToPass : null };
}

function findingOf(scenario: string, { slo, counts, invalid, answer, runsToPass }: Standing): GateFinding {
  const { met, missed, unclear } = counts;
  const total = met + missed + unclear;
  const others = [...(unclear === 0 ? [] : [`${unclear} cannot say`]), ...(invalid === 0 ? [] : [`${invalid} more were invalid`])];
  const seen = [`${met} of ${total} ${total === 1 ? 'run' : 'runs'} kept it`, ...others].join(', ');
  const after = `looked at after each run, with an error of at most ${Number(((1 - slo.confidence) * 100).toFixed(2))} %`;
  return {
    kind: 'slo',
    name: slo.name,
    demand: describeSlo(slo),
    scenario,
    answer,
    counts,
    sentence: answer === 'cannot-tell' ? `${seen}: not decided` : `${seen}: decided (${after})`,
    ...(answer === 'cannot-tell' && runsToPass !== null ? { wayOut: `${runsToPass} more that all keep it would decide it` } : {}),
  };
}
