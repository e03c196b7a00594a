import type { Problem } from '../model/problem.ts';
import { objectiveKind, type Objective, type Slo } from '../model/slo.ts';

/** The version of OpenSLO that is written and read (https://github.com/OpenSLO/OpenSLO, `openslo/v1`). */
export const OPEN_SLO_VERSION = 'openslo/v1';

/** Annotations that carry what OpenSLO has no field for. */
export const ANNOTATION = {
  objective: 'halfopen/objective',
  during: 'halfopen/during',
  quantile: 'halfopen/quantile',
  fault: 'halfopen/fault',
  edge: 'halfopen/edge',
  request: 'halfopen/request',
  confidence: 'halfopen/confidence',
  scenarioNames: 'halfopen/scenario-names',
  scenarioTags: 'halfopen/scenario-tags',
  /** In which unit a foreign latency's `value` is: `s` or `ms`. */
  unit: 'halfopen/unit',
} as const;

/** What a run measures, as a metric's name; times are in seconds there. */
export const METRICS: Readonly<Record<Objective, string>> = {
  recovery: 'recovery_seconds',
  containment: 'containment_seconds',
  readmission: 'readmission_seconds',
  drain: 'drain_seconds',
  availability: 'availability_ratio',
  latency: 'latency_seconds',
  'wrong-answers': 'wrong_answers',
  amplification: 'retry_amplification',
};

/** An SLO as OpenSLO has it: what `exportOpenSlo` makes. */
export interface OpenSloDocument {
  readonly apiVersion: typeof OPEN_SLO_VERSION;
  readonly kind: 'SLO';
  readonly metadata: { readonly name: string; readonly displayName: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly description: string;
    readonly service: string;
    readonly indicator: {
      readonly metadata: { readonly name: string };
      readonly spec: {
        readonly thresholdMetric: { readonly metricSource: { readonly type: string; readonly spec: { readonly metric: string } } };
      };
    };
    readonly timeWindow: readonly [{ readonly duration: string; readonly isRolling: true }];
    readonly budgetingMethod: 'Occurrences';
    readonly objectives: readonly [
      { readonly displayName: string; readonly op: 'lte' | 'gte'; readonly value: number; readonly target: number },
    ];
  };
}

export interface ExportRequest {
  /** What OpenSLO calls the service: the system's name. */
  readonly service: string;
  /** The window that OpenSLO demands; the gate knows none, it counts runs. @default '28d' */
  readonly window?: string;
  /** An SLO in one sentence: `describeSlo`. */
  readonly describe: (slo: Slo) => string;
}

export interface OpenSloExport {
  readonly documents: readonly OpenSloDocument[];
  /** SLOs that cannot be written. */
  readonly problems: readonly Problem[];
  /** What stands in annotations only, so that other tools do not see it. */
  readonly notes: readonly string[];
}

/**
 * SLOs as OpenSLO: a threshold on what each run measures (`recovery_seconds`, at most), to be met by the proportion of the runs (`target`). A run is one
 * occurrence.
 */
export function exportOpenSlo(slos: readonly Slo[], request: ExportRequest): OpenSloExport {
  const judged = slos.map((slo) => ({ slo, problems: exportProblems(slo) }));
  const fit = judged.filter(({ problems }) => problems.length === 0).map(({ slo }) => slo);
  return {
    documents: fit.map((slo) => documentOf(slo, request)),
    problems: judged.flatMap(({ problems }) => problems),
    notes:
      fit.length === 0
        ? []
        : [
            `the confidence, the scenarios and what an SLO picks (fault, edge, phase, request) stand in annotations halfopen/…: other tools do not apply them`,
            `the window of ${request.window ?? DEFAULT_WINDOW} is there as OpenSLO demands one: the gate counts runs, whenever they were`,
          ],
  };
}

const DEFAULT_WINDOW = '28d';
/** Names in OpenSLO are those of RFC 1123. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function exportProblems({ name, scenarios }: Slo): readonly Problem[] {
  const lists = [...scenarios.names, ...scenarios.tags];
  const commas = lists.filter((text) => text.includes(','));
  return [
    ...(NAME.test(name)
      ? []
      : [
          {
            path: `${name} › name`,
            expected: "a name of lower-case letters, digits and '-', as OpenSLO has them",
            found: name,
            ...nameHint(name),
          },
        ]),
    ...commas.map((text) => ({
      path: `${name} › scenarios`,
      expected: 'names and tags without a comma, as an annotation lists them',
      found: text,
    })),
  ];
}

function nameHint(name: string): { readonly hint?: string } {
  const near = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63);
  return NAME.test(near) ? { hint: `call it '${near}'` } : {};
}

function documentOf(slo: Slo, { service, window = DEFAULT_WINDOW, describe }: ExportRequest): OpenSloDocument {
  const { better, unit } = objectiveKind(slo.objective);
  return {
    apiVersion: OPEN_SLO_VERSION,
    kind: 'SLO',
    metadata: { name: slo.name, displayName: slo.name, annotations: annotationsOf(slo) },
    spec: {
      description: describe(slo).slice(0, DESCRIPTION_MAX),
      service,
      indicator: {
        metadata: { name: slo.name },
        spec: { thresholdMetric: { metricSource: { type: 'halfopen', spec: { metric: METRICS[slo.objective] } } } },
      },
      timeWindow: [{ duration: window, isRolling: true }],
      budgetingMethod: 'Occurrences',
      objectives: [
        {
          displayName: slo.name,
          op: better === 'less' ? 'lte' : 'gte',
          value: unit === 'ms' ? slo.bound / 1000 : slo.bound,
          target: slo.proportion,
        },
      ],
    },
  };
}

/** Longest description that OpenSLO allows. */
const DESCRIPTION_MAX = 1050;

function annotationsOf({
  objective,
  during,
  quantile,
  fault,
  edge,
  request,
  confidence,
  scenarios,
}: Slo): Readonly<Record<string, string>> {
  const texts: Readonly<Record<string, string | undefined>> = {
    [ANNOTATION.objective]: objective,
    [ANNOTATION.during]: during,
    [ANNOTATION.quantile]: quantile?.toString(),
    [ANNOTATION.fault]: fault,
    [ANNOTATION.edge]: edge,
    [ANNOTATION.request]: request,
    [ANNOTATION.confidence]: String(confidence),
    [ANNOTATION.scenarioNames]: scenarios.names.length === 0 ? undefined : scenarios.names.join(','),
    [ANNOTATION.scenarioTags]: scenarios.tags.length === 0 ? undefined : scenarios.tags.join(','),
  };
  return Object.fromEntries(Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
