import { execFileSync } from 'node:child_process';
import { startChild, type Child } from './child.ts';
import { ratio, table } from './markdown.ts';
import { interleaved, type Measured } from './measure.ts';
import type { BenchOptions, BenchPart } from './part.ts';
import type { Question } from './proxy-generator.ts';
import { findToxiproxy, halfopenRoute, pipeRoute, toxiproxyRoute, type RouteTo } from './proxy-routes.ts';
import type { SinkPorts } from './proxy-sink.ts';

export const proxyBench: BenchPart = { name: 'proxy', title: 'Fault proxy: what it costs without a fault', run };

interface Subject {
  readonly title: string;
  readonly port: keyof SinkPorts;
  readonly question: (port: number) => Question;
  readonly routes: readonly RouteTo[];
  readonly unit: 'µs' | 'MB/s';
}

async function run({ isQuick, say }: BenchOptions): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const [rounds, pings, bytes] = isQuick ? [3, 400, 64 * 2 ** 20] : [7, 2000, 256 * 2 ** 20];
  const sink = stack.use(startChild<'ports', SinkPorts>('./proxy-sink.ts'));
  const generator = stack.use(startChild<Question, number>('./proxy-generator.ts'));
  const ports = await sink.ask('ports');
  const direct: RouteTo = { name: 'direct', ports };
  const toxiproxy = findToxiproxy();
  const rivals = [direct, await pipeRoute(ports, stack), ...(toxiproxy === null ? [] : [await toxiproxyRoute(toxiproxy, ports, stack)])];
  const tcp = await halfopenRoute(ports, stack, { name: 'halfopen, TCP edge', http: 'tcp', hasReader: true });
  const tapped = await halfopenRoute(ports, stack, { name: 'halfopen, HTTP edge, tap read', http: 'http', hasReader: true });
  const unread = await halfopenRoute(ports, stack, { name: 'halfopen, HTTP edge, no tap reader', http: 'http', hasReader: false });
  const http = [...rivals, tcp, tapped, unread];

  const subjects: readonly Subject[] = [
    {
      title: 'TCP ping-pong, 64 B',
      port: 'echo',
      unit: 'µs',
      routes: [...rivals, tcp],
      question: (port) => ({ kind: 'ping', over: 'tcp', port, count: pings }),
    },
    {
      title: 'HTTP ping-pong, 64 B, keep-alive',
      port: 'http',
      unit: 'µs',
      routes: http,
      question: (port) => ({ kind: 'ping', over: 'http', port, count: pings }),
    },
    {
      title: 'TCP bulk',
      port: 'source',
      unit: 'MB/s',
      routes: [...rivals, tcp],
      question: (port) => ({ kind: 'bulk', over: 'tcp', port, bytes }),
    },
    { title: 'HTTP bulk', port: 'http', unit: 'MB/s', routes: http, question: (port) => ({ kind: 'bulk', over: 'http', port, bytes }) },
  ];
  const tables: string[] = [];
  for (const subject of subjects) {
    const measured = await measure(subject, generator, rounds);
    for (const { name, median } of measured) say(`${subject.title} · ${name}: ${median.toFixed(0)} ${subject.unit}`);
    tables.push(`**${subject.title}**\n\n${tableOf(subject, measured, toxiproxy !== null)}`);
  }
  if (tapped.taken() < pings)
    throw new Error(`Cannot trust the tapped edge as its tap must have been read: ${tapped.taken()} records came`);
  const rivalNote =
    toxiproxy === null
      ? 'The real Toxiproxy was not found (`TOXIPROXY_SERVER`, or `toxiproxy-server` on PATH), so the rival is a bare `pipe()` proxy in Node.'
      : `Toxiproxy: ${execFileSync(toxiproxy, ['-version'], { encoding: 'utf8' }).trim()}, built with Go. Goal: ≥ 1.0× its bulk, ≤ 1.0× its added p50.`;
  const note = [
    `Generator, sink and each proxy are processes of their own; one connection, closed loop, ${rounds} rounds in turn. "Added" is the p50 less the direct`,
    `connection's. ${rivalNote} The halfopen tap saw ${tapped.taken()} exchanges.`,
  ];
  return [...tables, note.join('\n')].join('\n\n');
}

function measure(subject: Subject, generator: Child<Question, number>, rounds: number): Promise<readonly Measured[]> {
  const lanes = subject.routes.map(({ name, ports }) => ({ name, measure: () => generator.ask(subject.question(ports[subject.port])) }));
  return interleaved(lanes, rounds);
}

function tableOf({ unit }: Subject, measured: readonly Measured[], hasToxiproxy: boolean): string {
  const medianOf = (name: string): number => measured.find((entry) => entry.name === name)?.median ?? Number.NaN;
  const direct = medianOf('direct');
  const rivals = ['bare pipe()', ...(hasToxiproxy ? ['Toxiproxy'] : [])];
  const digits = unit === 'µs' ? 1 : 0;
  const rows = measured.map(({ name, median, least, most }) => {
    const compared = rivals.map((rival) =>
      unit === 'µs' ? ratio(median - direct, medianOf(rival) - direct) : ratio(median, medianOf(rival)),
    );
    const spread = `${least.toFixed(digits)}–${most.toFixed(digits)}`;
    const added = unit === 'µs' ? [(median - direct).toFixed(digits)] : [];
    return [
      name,
      median.toFixed(digits),
      spread,
      ...added,
      ratio(median, direct),
      ...(name === 'direct' ? rivals.map(() => '–') : compared),
    ];
  });
  const what = unit === 'µs' ? 'added' : 'bulk';
  const head = [
    'route',
    unit === 'µs' ? 'p50 µs' : 'MB/s',
    'spread',
    ...(unit === 'µs' ? ['added µs'] : []),
    '÷ direct',
    ...rivals.map((rival) => `${what} ÷ ${rival}`),
  ];
  return table(head, rows);
}
