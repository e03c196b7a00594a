import { nearest, type Problem } from '../model/problem.ts';
import { JUDGED_PHASES, QUANTILES } from '../model/run-statistics.ts';
import { show } from '../model/shape.ts';
import { OBJECTIVES, objectiveKind, type Objective, type SloDeclaration } from '../model/slo.ts';
import { ANNOTATION, OPEN_SLO_VERSION } from './open-slo.ts';

export interface ImportRequest {
  /** The file, as messages call it. */
  readonly file: string;
  /** The unit of latencies whose SLO does not say it in its annotation `halfopen/unit`. @default none: such an SLO is refused */
  readonly latencyUnit?: 's' | 'ms';
}

export interface OpenSloImport {
  /** What can be gated; to be read by `readSlos`, like SLOs of a configuration. */
  readonly slos: readonly SloDeclaration[];
  /** What is wrong, or cannot be said of runs. An SLO with a problem is not among `slos`. */
  readonly problems: readonly Problem[];
  /** What was read and has no meaning here. */
  readonly notes: readonly string[];
}

/** Kinds of documents that belong to an SLO and have no say in a gate. */
const IDLE_KINDS = ['Service', 'DataSource', 'AlertPolicy', 'AlertCondition', 'AlertNotificationTarget'];

/**
 * Reads OpenSLO v1 documents. An availability (`ratioMetric`) and a latency (`thresholdMetric`, at most) are about steady state: they bound the baseline of each run.
 * What `exportOpenSlo` has written comes back as it was.
 *
 * @param documents of one file, in their order; indicators may stand beside the SLOs that refer to them
 */
export function importOpenSlo(documents: readonly unknown[], request: ImportRequest): OpenSloImport {
  const read = documents.map((document, index) =>
    readDocument(document, documents.length === 1 ? request.file : `${request.file}[${index}]`),
  );
  const indicators = new Map(read.flatMap(({ kind, name, spec }) => (kind === 'SLI' && spec !== null ? [[name, spec] as const] : [])));
  const imported = read.filter(({ kind }) => kind === 'SLO').map((document) => importSlo(document, indicators, request));
  const idle = read.filter(({ kind }) => IDLE_KINDS.includes(kind)).map(({ path, kind }) => `${path}: a ${kind} has no say in a gate`);
  const none: Problem[] =
    imported.length > 0 || read.some(({ problems }) => problems.length > 0)
      ? []
      : [{ path: request.file, expected: 'at least one SLO', found: 'none' }];
  return {
    slos: imported.flatMap(({ slos, problems }) => (problems.length === 0 ? slos : [])),
    problems: [...read.flatMap(({ problems }) => problems), ...imported.flatMap(({ problems }) => problems), ...none],
    notes: [...idle, ...imported.flatMap(({ notes }) => notes)],
  };
}

type Unknowns = Readonly<Record<string, unknown>>;

interface Document {
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly annotations: Unknowns;
  /** Null where it cannot be read. */
  readonly spec: Unknowns | null;
  readonly problems: readonly Problem[];
}

function readDocument(document: unknown, path: string): Document {
  const broken = (problems: readonly Problem[]): Document => ({ path, kind: '', name: '', annotations: {}, spec: null, problems });
  if (!isRecord(document)) return broken([{ path, expected: 'an OpenSLO document', found: show(document) }]);
  const { apiVersion, kind, metadata, spec } = document;
  const known = ['SLO', 'SLI', ...IDLE_KINDS];
  const name = isRecord(metadata) ? metadata['name'] : undefined;
  const problems: Problem[] = [];
  if (apiVersion !== OPEN_SLO_VERSION) problems.push({ path: `${path} › apiVersion`, expected: OPEN_SLO_VERSION, found: show(apiVersion) });
  if (typeof kind !== 'string' || !known.includes(kind))
    problems.push({ path: `${path} › kind`, expected: `one of ${known.join(', ')}`, found: show(kind) });
  if (typeof name !== 'string' || name === '') problems.push({ path: `${path} › metadata.name`, expected: 'a name', found: show(name) });
  if (!isRecord(spec)) problems.push({ path: `${path} › spec`, expected: 'an object', found: show(spec) });
  if (problems.length > 0 || typeof kind !== 'string' || typeof name !== 'string' || !isRecord(spec) || !isRecord(metadata))
    return broken(problems);
  const { annotations } = metadata;
  return { path, kind, name, annotations: isRecord(annotations) ? annotations : {}, spec, problems };
}

function importSlo(
  { path, name, annotations, spec }: Document,
  indicators: ReadonlyMap<string, Unknowns>,
  request: ImportRequest,
): OpenSloImport {
  const fields = spec ?? {};
  const indicator = indicatorOf(fields, indicators, path);
  const objectives: unknown = fields['objectives'];
  const problems: Problem[] = [...('problem' in indicator ? [indicator.problem] : []), ...methodProblems(fields, path)];
  if (!Array.isArray(objectives) || objectives.length === 0)
    return {
      slos: [],
      problems: [...problems, { path: `${path} › spec.objectives`, expected: 'at least one objective', found: show(objectives) }],
      notes: [],
    };
  const slos: SloDeclaration[] = [];
  for (const [index, objective] of objectives.entries()) {
    const at = `${path} › spec.objectives[${index}]`;
    const target = targetOf(objective, at);
    problems.push(...target.problems);
    if (target.value === null || 'problem' in indicator || !isRecord(objective)) continue;
    const read = declarationOf({ objective, target: target.value, metric: indicator.metric, annotations, at, request });
    problems.push(...read.problems);
    if (read.slo !== null) slos.push({ name: objectives.length === 1 ? name : `${name}-${index + 1}`, ...read.slo });
  }
  return { slos, problems, notes: problems.length > 0 ? [] : idleFields(fields, path) };
}

/** The metric of an SLO, inline or referred to. */
function indicatorOf(
  { indicator, indicatorRef }: Unknowns,
  indicators: ReadonlyMap<string, Unknowns>,
  path: string,
): { readonly metric: Unknowns } | { readonly problem: Problem } {
  if (typeof indicatorRef === 'string' && indicator === undefined) {
    const metric = indicators.get(indicatorRef);
    if (metric !== undefined) return { metric };
    const near = nearest(indicatorRef, indicators.keys());
    const hint = near === undefined ? 'put the SLI into the same file' : `did you mean '${near}'?`;
    return {
      problem: { path: `${path} › spec.indicatorRef`, expected: 'the name of an SLI of this file', found: show(indicatorRef), hint },
    };
  }
  const metric = isRecord(indicator) ? indicator['spec'] : undefined;
  if (isRecord(metric) && indicatorRef === undefined) return { metric };
  const found = indicatorRef === undefined ? show(indicator) : 'both';
  return { problem: { path: `${path} › spec.indicator`, expected: "either 'indicator' with a spec or 'indicatorRef'", found } };
}

function methodProblems({ budgetingMethod }: Unknowns, path: string): readonly Problem[] {
  if (budgetingMethod === undefined || budgetingMethod === 'Occurrences') return [];
  const hint = 'slices of calendar time have no counterpart in a run of seconds';
  return [{ path: `${path} › spec.budgetingMethod`, expected: 'Occurrences', found: show(budgetingMethod), hint }];
}

function targetOf(objective: unknown, at: string): { readonly value: number | null; readonly problems: readonly Problem[] } {
  if (!isRecord(objective)) return { value: null, problems: [{ path: at, expected: 'an objective', found: show(objective) }] };
  const { target, targetPercent } = objective;
  const strange = ['timeSliceTarget', 'timeSliceWindow', 'compositeWeight', 'indicator', 'indicatorRef'].filter(
    (key) => objective[key] !== undefined,
  );
  const problems = strange.map((key) => ({
    path: `${at}.${key}`,
    expected: 'nothing: it cannot be said of runs',
    found: show(objective[key]),
  }));
  if ((target === undefined) === (targetPercent === undefined)) {
    return {
      value: null,
      problems: [
        ...problems,
        { path: at, expected: "either 'target' or 'targetPercent'", found: target === undefined ? 'neither' : 'both' },
      ],
    };
  }
  const share =
    target === undefined ? Number(typeof targetPercent === 'number' ? (targetPercent / 100).toPrecision(12) : Number.NaN) : target;
  if (typeof share === 'number' && share > 0 && share < 1) return { value: share, problems };
  const field = target === undefined ? 'targetPercent' : 'target';
  const expected = target === undefined ? 'a number above 0 and below 100' : 'a number above 0 and below 1';
  return { value: null, problems: [...problems, { path: `${at}.${field}`, expected, found: shown(objective[field]) }] };
}

interface Reading {
  readonly objective: Unknowns;
  readonly target: number;
  readonly metric: Unknowns;
  readonly annotations: Unknowns;
  readonly at: string;
  readonly request: ImportRequest;
}

type Unnamed = Omit<SloDeclaration, 'name'>;
interface Read {
  readonly slo: Unnamed | null;
  readonly problems: readonly Problem[];
}

function declarationOf(reading: Reading): Read {
  const { metric, target, annotations, at } = reading;
  const { ratioMetric, thresholdMetric } = metric;
  if (isRecord(ratioMetric) && thresholdMetric === undefined) {
    return { slo: { objective: 'availability', during: 'baseline', bound: target }, problems: [] };
  }
  if (isRecord(thresholdMetric) && ratioMetric === undefined)
    return annotations[ANNOTATION.objective] === undefined ? latencyOf(reading) : ownOf(reading);
  return {
    slo: null,
    problems: [
      {
        path: at,
        expected: "an indicator with either 'ratioMetric' or 'thresholdMetric'",
        found: ratioMetric === undefined ? 'neither' : 'both',
      },
    ],
  };
}

/** A threshold of somebody else's: whether it is a latency, only they know; a unit says so. */
function latencyOf({ objective, target, annotations, at, request }: Reading): Read {
  const unit = annotations[ANNOTATION.unit] ?? request.latencyUnit;
  const problems: Problem[] = [];
  if (unit !== 's' && unit !== 'ms') {
    const hint = `is it a latency? then say so with the annotation ${ANNOTATION.unit}`;
    problems.push({ path: at, expected: "a unit of the threshold: 's' or 'ms'", found: show(unit), hint });
  }
  if (objective['op'] !== 'lte' && objective['op'] !== 'lt')
    problems.push({ path: `${at}.op`, expected: "'lte' or 'lt': a latency is bounded from above", found: show(objective['op']) });
  if (!QUANTILES.some((quantile) => quantile === target))
    problems.push({
      path: `${at}.target`,
      expected: `one of ${QUANTILES.join(', ')}: the quantiles that a run keeps`,
      found: show(target),
    });
  const { value } = objective;
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value))
    problems.push({ path: `${at}.value`, expected: 'a number above 0', found: shown(value) });
  if (problems.length > 0 || typeof value !== 'number') return { slo: null, problems };
  return {
    slo: { objective: 'latency', during: 'baseline', quantile: target, bound: unit === 's' ? roundMs(value * 1000) : value },
    problems,
  };
}

/** One that `exportOpenSlo` has written. */
function ownOf({ objective, target, annotations, at }: Reading): Read {
  const text = (key: keyof typeof ANNOTATION): string | undefined => {
    const value = annotations[ANNOTATION[key]];
    return typeof value === 'string' || typeof value === 'number' ? `${value}` : undefined;
  };
  const named = text('objective');
  const during = text('during');
  const { value, op } = objective;
  if (!isObjective(named)) {
    return {
      slo: null,
      problems: [{ path: `${at} › ${ANNOTATION.objective}`, expected: `one of ${Object.keys(OBJECTIVES).join(', ')}`, found: show(named) }],
    };
  }
  const { unit, better } = objectiveKind(named);
  const phase = JUDGED_PHASES.find((name) => name === during);
  const problems: Problem[] = [];
  if (during !== undefined && phase === undefined)
    problems.push({ path: `${at} › ${ANNOTATION.during}`, expected: `one of ${JUDGED_PHASES.join(', ')}`, found: show(during) });
  if (op !== (better === 'less' ? 'lte' : 'gte'))
    problems.push({ path: `${at}.op`, expected: better === 'less' ? 'lte' : 'gte', found: show(op) });
  if (typeof value !== 'number' || !Number.isFinite(value))
    problems.push({ path: `${at}.value`, expected: 'a number', found: shown(value) });
  if (problems.length > 0 || typeof value !== 'number') return { slo: null, problems };
  const list = (key: 'scenarioNames' | 'scenarioTags'): readonly string[] | undefined => text(key)?.split(',');
  const names = list('scenarioNames');
  const tags = list('scenarioTags');
  const quantile = text('quantile');
  const confidence = text('confidence');
  return {
    slo: {
      objective: named,
      bound: unit === 'ms' ? roundMs(value * 1000) : value,
      proportion: target,
      ...(phase === undefined ? {} : { during: phase }),
      ...(quantile === undefined ? {} : { quantile: Number(quantile) }),
      ...(confidence === undefined ? {} : { confidence: Number(confidence) }),
      ...optional('fault', text('fault')),
      ...optional('edge', text('edge')),
      ...optional('request', text('request')),
      ...(names === undefined && tags === undefined
        ? {}
        : { scenarios: { ...(names === undefined ? {} : { names }), ...(tags === undefined ? {} : { tags }) } }),
    },
    problems,
  };
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: string };
}

function isObjective(name: string | undefined): name is Objective {
  return name !== undefined && Object.hasOwn(OBJECTIVES, name);
}

/** What an SLO says that a gate does not ask. */
function idleFields(spec: Unknowns, path: string): readonly string[] {
  const idle: Readonly<Record<string, string>> = {
    timeWindow: 'the gate counts runs, whenever they were',
    alertPolicies: 'a gate alerts nobody',
  };
  return Object.entries(idle).flatMap(([field, why]) => (spec[field] === undefined ? [] : [`${path}: spec.${field} is not used: ${why}`]));
}

function isRecord(value: unknown): value is Unknowns {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** To the microsecond: seconds times 1000 may end in …0001. */
function roundMs(lengthMs: number): number {
  return Math.round(lengthMs * 1000) / 1000;
}

function shown(value: unknown): string {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : show(value);
}
