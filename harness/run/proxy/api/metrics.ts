import { monitorEventLoopDelay } from 'node:perf_hooks';
import { faultOfToxic } from '../contract.ts';
import { touchesOf, type ProxyCounters } from '../counters.ts';
import { faultsOf, type Leases } from '../lease.ts';
import type { Listener } from '../listener.ts';
import type { Registry } from '../registry.ts';
import type { TapLog } from '../tap/tap-log.ts';
import type { Route } from './router.ts';

export interface MetricsOptions {
  readonly proxyMetrics: boolean;
  readonly runtimeMetrics: boolean;
}

type Labels = readonly (readonly [name: string, value: string])[];

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** One metric with its series. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

interface Seen {
  readonly listener: Listener;
  readonly counters: ProxyCounters;
}

/** `/metrics` for Prometheus, where a flag asks for it: Toxiproxy's two counters and our own, and those of the process. */
export function metricsRoutes(registry: Registry, leases: Leases, { proxyMetrics, runtimeMetrics }: MetricsOptions): Route[] {
  if (!proxyMetrics && !runtimeMetrics) return [];
  const delay = runtimeMetrics ? monitorEventLoopDelay({ resolution: 10 }) : null;
  delay?.enable();
  return [
    {
      methods: undefined,
      path: '/metrics',
      handle: async () => {
        const metrics: Metric[] = [];
        if (proxyMetrics) {
          const seen = await Promise.all(registry.all().map(async (listener) => ({ listener, counters: await listener.counters() })));
          metrics.push(...byteMetrics(seen), ...connectionMetrics(seen), ...faultMetrics(seen), ...tapMetrics(registry.log));
          metrics.push(...leaseMetrics(leases), ...workerMetrics(registry));
        }
        if (delay !== null) metrics.push(...runtimeMetricsOf(delay));
        return { kind: 'text', status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', text: exposition(metrics) };
      },
    },
  ];
}

/** Prometheus' text format 0.0.4, metrics and series in the order of their names. */
export function exposition(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .toSorted((left, right) => compare(left.name, right.name))
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}\n`);
      return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.toSorted(compare).join('')}`;
    })
    .join('');
}

/** Toxiproxy's own, live: it counts a connection only once that is closed. */
function byteMetrics(seen: readonly Seen[]): Metric[] {
  const of = (what: 'received' | 'sent'): Metric => ({
    name: `toxiproxy_proxy_${what}_bytes_total`,
    help: '',
    type: 'counter',
    samples: seen.flatMap(({ listener: { name, listen, upstream }, counters }) =>
      (['downstream', 'upstream'] as const).map((direction) => ({
        labels: [
          ['direction', direction],
          ['listener', listen],
          ['proxy', name],
          ['upstream', upstream],
        ],
        value: counters[direction][what],
      })),
    ),
  });
  return [of('received'), of('sent')];
}

function connectionMetrics(seen: readonly Seen[]): Metric[] {
  const of = (
    name: string,
    { help, type = 'counter', value }: { help: string; type?: Metric['type']; value: (each: Seen) => number },
  ): Metric => ({
    name: `halfopen_proxy_${name}`,
    help,
    type,
    samples: seen.map((each) => ({ labels: [['proxy', each.listener.name]], value: value(each) })),
  });
  return [
    of('enabled', { help: 'Whether the proxy listens.', type: 'gauge', value: ({ listener }) => Number(listener.enabled) }),
    of('connections_open', { help: 'Connections open now.', type: 'gauge', value: ({ counters }) => counters.open }),
    of('connections_accepted_total', { help: 'Connections accepted.', value: ({ counters }) => counters.accepted }),
    of('accept_errors_total', { help: 'Connections that could not be accepted.', value: ({ counters }) => counters.acceptErrors }),
    of('resets_total', { help: 'Connections that a peer broke off with a reset.', value: ({ counters }) => counters.resets }),
    {
      name: 'halfopen_proxy_dial_errors_total',
      help: 'Connections whose callee could not be reached.',
      type: 'counter',
      samples: seen.flatMap(({ listener, counters }) =>
        Object.entries(counters.dialErrors).map(([reason, value]) => ({ labels: [labelOf(listener), ['reason', reason]], value })),
      ),
    },
  ];
}

function faultMetrics(seen: readonly Seen[]): Metric[] {
  const active: Sample[] = [];
  const touched: Sample[] = [];
  for (const { listener, counters } of seen) {
    const kinds = new Map(faultsOf(listener).map(({ name, kind }) => [faultOfToxic(name), kind]));
    for (const [fault, kind] of kinds) active.push({ labels: faultLabels(listener, fault, kind), value: 1 });
    for (const fault of new Set([...kinds.keys(), ...Object.keys(counters.touched)]))
      touched.push({ labels: faultLabels(listener, fault, kinds.get(fault) ?? 'withdrawn'), value: touchesOf(counters, fault) });
  }
  return [
    { name: 'halfopen_fault_active', help: 'Faults in force.', type: 'gauge', samples: active },
    {
      name: 'halfopen_fault_touched_total',
      help: 'Connections or exchanges that the fault has touched; its kind is withdrawn once it is.',
      type: 'counter',
      samples: touched,
    },
  ];
}

function tapMetrics({ recorded, lost, waiting, hasReader }: TapLog): Metric[] {
  return [
    single('halfopen_tap_records_total', { help: 'Records of the taps, lost ones included.', value: recorded }),
    single('halfopen_tap_lost_total', { help: 'Records that did not fit or whose reader left.', value: lost }),
    single('halfopen_tap_waiting', { help: 'Records that wait for their reader.', type: 'gauge', value: waiting }),
    single('halfopen_tap_readers', { help: 'Readers of the taps.', type: 'gauge', value: Number(hasReader) }),
  ];
}

function workerMetrics({ pool }: Registry): Metric[] {
  return [single('halfopen_workers_lost_total', { help: 'Processes that ended with their connections unasked.', value: pool.lost })];
}

function leaseMetrics(leases: Leases): Metric[] {
  return [
    single('halfopen_leases_active', {
      help: "Leases, the dead-man's included.",
      type: 'gauge',
      value: leases.leases.length + Number(leases.deadMan !== null),
    }),
    {
      name: 'halfopen_faults_expired_total',
      help: 'Faults withdrawn because their time was over.',
      type: 'counter',
      samples: Object.entries(leases.expired).map(([reason, value]) => ({ labels: [['reason', reason]], value })),
    },
    single('halfopen_withdrawal_failures_total', { help: 'Withdrawals that failed, each try for itself.', value: leases.failures }),
  ];
}

function runtimeMetricsOf(delay: ReturnType<typeof monitorEventLoopDelay>): Metric[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  // The monitor's own 10 ms are no delay; before its first sample it has no number.
  const lagS = (ns: number): number => (Number.isFinite(ns) ? Math.max(0, ns / 1e9 - 0.01) : 0);
  const startS = Date.now() / 1000 - process.uptime();
  const gauge = (name: string, help: string, value: number): Metric => single(name, { help, type: 'gauge', value });
  const metrics = [
    single('process_cpu_seconds_total', { help: 'Total user and system CPU time spent in seconds.', value: (user + system) / 1e6 }),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', rss),
    gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', Math.round(startS * 100) / 100),
    gauge('nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', heapTotal),
    gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', heapUsed),
    gauge('nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', external),
    gauge('nodejs_eventloop_lag_mean_seconds', 'The mean event loop delay since the last scrape.', lagS(delay.mean)),
    gauge('nodejs_eventloop_lag_max_seconds', 'The longest event loop delay since the last scrape.', lagS(delay.max)),
    gauge(
      'nodejs_eventloop_lag_p50_seconds',
      'The 50th percentile of event loop delays since the last scrape.',
      lagS(delay.percentile(50)),
    ),
    gauge(
      'nodejs_eventloop_lag_p99_seconds',
      'The 99th percentile of event loop delays since the last scrape.',
      lagS(delay.percentile(99)),
    ),
    {
      name: 'nodejs_version_info',
      help: 'Node.js version info.',
      type: 'gauge' as const,
      samples: [{ labels: [['version', process.version]] as const, value: 1 }],
    },
  ];
  delay.reset();
  return metrics;
}

function single(name: string, { help, type = 'counter', value }: { help: string; type?: Metric['type']; value: number }): Metric {
  return { name, help, type, samples: [{ labels: [], value }] };
}

function labelOf({ name }: Listener): readonly [string, string] {
  return ['proxy', name];
}

function faultLabels({ name }: Listener, fault: string, kind: string): Labels {
  return [
    ['fault', fault],
    ['kind', kind],
    ['proxy', name],
  ];
}

function labelText(labels: Labels): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([name, value]) => `${name}="${escaped(value).replaceAll('"', String.raw`\"`)}"`).join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : `${value}`;
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
