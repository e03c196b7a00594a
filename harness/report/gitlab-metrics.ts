import type { Quantity } from '../model/finding.ts';
import type { Outcome } from '../model/outcome.ts';
import { VERDICTS } from '../model/verdict.ts';
import { plainText } from './plain-text.ts';
import { findingKeys, scenarioRuns, type ScenarioRuns } from './scenario-runs.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Metric of a unit, and what one of that unit is in the metric's. */
const METRICS: { readonly [U in Quantity['unit']]: readonly [name: string, factor: number] } = {
  ms: ['halfopen_measured_seconds', 0.001],
  s: ['halfopen_measured_seconds', 1],
  ratio: ['halfopen_measured_ratio', 1],
  count: ['halfopen_measured', 1],
  '/s': ['halfopen_measured_per_second', 1],
  x: ['halfopen_measured_factor', 1],
};

/**
 * OpenMetrics text: how each scenario's runs ended, and the median over its runs of each number that an expectation measured. Runs that
 * measured none (not recovered, never opened) are counted apart, and are in no median.
 */
export function gitlabMetrics(outcome: Outcome): string {
  const scenarios = scenarioRuns(outcome);
  const families: readonly Family[] = [
    { name: 'halfopen_runs', help: 'Runs by verdict.', samples: scenarios.flatMap(runSamples) },
    ...measuredFamilies(scenarios),
    {
      name: 'halfopen_left_out',
      help: 'Scenarios that did not run, as something that they need is lacking.',
      samples: (outcome.leftOut ?? []).map(({ name, environment, wayOut = '' }) => ({
        labels: { scenario: name, environment, way_out: wayOut },
        value: 1,
      })),
    },
  ];
  return `${families
    .filter(({ samples }) => samples.length > 0)
    .map(familyText)
    .join('')}# EOF\n`;
}

function runSamples({ name, runs }: ScenarioRuns): readonly Sample[] {
  return VERDICTS.toReversed().map((verdict) => ({
    labels: { scenario: name, verdict },
    value: runs.filter(({ scenario }) => scenario.verdict === verdict).length,
  }));
}

interface Measured {
  readonly labels: Labels;
  readonly quantity: Quantity | undefined;
}

function measuredFamilies(scenarios: readonly ScenarioRuns[]): readonly Family[] {
  const series = scenarios.flatMap((entry) => [...Map.groupBy(measuredOf(entry), ({ labels }) => JSON.stringify(labels)).values()]);
  const medians = series.flatMap((all) => {
    const [first] = all;
    const quantities = all.flatMap(({ quantity }) => quantity ?? []);
    const [unit] = quantities.map((quantity) => quantity.unit);
    if (first === undefined || unit === undefined) return [];
    const [name, factor] = METRICS[unit];
    return [{ name, labels: first.labels, value: Number((medianOf(quantities.map(({ value }) => value)) * factor).toPrecision(12)) }];
  });
  const unmeasured = series.flatMap((all): readonly Sample[] => {
    const [first] = all;
    const count = all.filter(({ quantity }) => quantity === undefined).length;
    // An expectation that never yields a number is none that lacks one.
    return first === undefined || count === 0 || count === all.length ? [] : [{ labels: first.labels, value: count }];
  });
  const names = [...new Set(medians.map(({ name }) => name))].toSorted();
  return [
    ...names.map((name) => ({
      name,
      help: 'What an expectation measured: the median of the runs that can be judged.',
      samples: medians.filter((median) => median.name === name),
    })),
    {
      name: 'halfopen_unmeasured_runs',
      help: 'Runs in which an expectation had no number, as others of the scenario had.',
      samples: unmeasured,
    },
  ];
}

/** What an invalid run measured says nothing. */
function measuredOf({ name, runs }: ScenarioRuns): readonly Measured[] {
  return runs.flatMap(({ scenario: { verdict, findings } }) => {
    if (verdict === 'invalid') return [];
    const keys = findingKeys(findings);
    return findings.flatMap(({ guard, reported, quantity }, place) =>
      guard || reported === true ? [] : [{ labels: { scenario: name, expectation: keys[place] ?? '' }, quantity }],
    );
  });
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

function familyText({ name, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => `${name}{${labelsText(labels)}} ${value}`);
  return [`# TYPE ${name} gauge`, `# HELP ${name} ${help}`, ...lines, ''].join('\n');
}

function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${labelText(value)}"`)
    .join(',');
}

function labelText(value: string): string {
  return plainText(value)
    .replaceAll('\r', ' ')
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`);
}
