/** Goal: the file that is written says what it is for, changes what has to be changed and nothing else, and is the same every time. */
import { describe, expect, it } from 'vitest';
import { overlayText, type OverlayRequest } from '../../../harness/compose/overlay.ts';
import { readOverlay, overlayProblems } from '../../../harness/compose/found-overlay.ts';
import { definitionsOf, projectOf } from '../../../harness/compose/whole.ts';
import { relayConfig, wireEdges } from '../../../harness/compose/wiring.ts';
import { defineSystem, postgres, type System } from '../../../harness/index.ts';
import { project, service } from './project.ts';

const system: System = defineSystem({
  name: 'pair',
  entry: 'web',
  services: {
    web: {
      command: ['node', 'web.js'],
      port: 8000,
      calls: { books: { env: 'BOOKS_URL', observe: { value: '/naïve' } } },
      env: { A: '$1' },
    },
    books: { command: ['node', 'books.js'], cwd: 'books', resources: { cpus: 0.5, memoryMb: 64 } },
  },
});

function requestFor(services: Parameters<typeof project>[0], extra: Partial<OverlayRequest> = {}): OverlayRequest {
  const found = project(services);
  return {
    project: found,
    system,
    wiring: wireEdges(found, system),
    command: 'npx halfopen compose a.yml',
    start: 'docker compose -f a.yml -f b.yml up',
    code: { folder: './node_modules/halfopen', relay: 'dist/run/proxy/main.js', sentinel: 'dist/run/environments/sentinel.js' },
    nodeImage: 'node:24-slim',
    toxiproxyImage: 'toxiproxy:2',
    isDroppingPorts: false,
    ...extra,
  };
}

const services = {
  web: service({
    environment: { BOOKS_URL: 'http://books:8080' },
    containerName: 'acme-web',
    ports: [{ target: 8000, published: 80, hostIp: null, protocol: 'tcp' }],
  }),
  books: service(),
  other: service({ containerName: 'acme-other' }),
};

describe('overlayText', () => {
  it('is the same every time, and begins with the mark and both commands', () => {
    const text = overlayText(requestFor(services));
    expect(overlayText(requestFor(services))).toBe(text);
    expect(text).toMatch(/^# Written by `halfopen compose`/);
    expect(text).toContain('#   npx halfopen compose a.yml\n');
    expect(text).toContain('#   docker compose -f a.yml -f b.yml up\n');
  });

  it('changes callers and fixed names, and leaves everybody else and all ports alone', () => {
    const text = overlayText(requestFor(services));
    expect(text).toContain(
      '      BOOKS_URL: http://halfopen-relay:20001\n    depends_on:\n      halfopen-relay:\n        condition: service_healthy\n',
    );
    expect(text).toContain('    container_name: !reset null\n    networks:\n      default:\n        aliases: [acme-web]\n');
    expect(text).not.toMatch(/^ {2}books:/m);
    expect(text).not.toContain('ports: !reset');
    expect(overlayText(requestFor(services, { isDroppingPorts: true }))).toContain('ports: !reset []');
  });

  it('explains each service of ours and each that it changes', () => {
    const lines = overlayText(requestFor(services)).split('\n');
    const isService = (line: string): boolean => /^ {2}[a-z-]+:$/.test(line);
    // Three of ours, two of the users', two configs.
    expect(lines.filter(isService)).toHaveLength(7);
    const uncommented = lines.flatMap((line, index) => {
      return isService(line) && !/^ {2}# \S/.test(lines[index - 1] ?? '') && !lines[index - 1]?.startsWith('networks') ? [line] : [];
    });
    expect(uncommented).toEqual([]);
  });

  it('gives no alias that is already the name of another service', () => {
    const shadowing = { ...services, web: service({ ...services.web, containerName: 'books' }) };
    const text = overlayText(requestFor(shadowing));
    expect(text).toContain('container_name: !reset null');
    expect(text).not.toContain('aliases: [books]');
  });

  it('publishes on loopback alone', () => {
    const published = [...overlayText(requestFor(services)).matchAll(/^ +- "(\S+):\$\{HALFOPEN/gm)].map(([, host]) => host);
    expect(published).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  });

  it('makes a whole file from a system alone', () => {
    const made = projectOf(system);
    const text = overlayText(
      requestFor(made.services, {
        project: made,
        wiring: wireEdges(made, system),
        definitions: definitionsOf({ system, projectFolder: '.', nodeImage: 'node:22' }),
      }),
    );
    expect(text).toContain(
      ['    command: [node, web.js]', '    working_dir: /app', '    volumes:', '      - type: bind', '        source: "."'].join('\n'),
    );
    expect(text).toContain('      A: "$$1"\n      PORT: "8000"\n      BOOKS_URL: http://halfopen-relay:20001\n');
    expect(text).toContain('working_dir: /app/books');
    expect(text).toContain('    cpus: 0.5\n    mem_limit: "64m"');
    expect(text).toContain('- "127.0.0.1:${HALFOPEN_ENTRY_PORT:-8080}:8000"');
    expect(text).toContain('# web: users come in here; its calls (web->books) go to the relay.');
  });

  it('tells backing services what the system wants of them', () => {
    const backed = defineSystem({
      name: 'backed',
      entry: 'web',
      services: {
        web: { image: 'shop', calls: { db: { env: 'DB', protocol: 'tcp', url: 'postgres://{host}:{port}' } } },
        db: postgres({ database: 'd', user: 'u', password: 'p$' }),
      },
    });
    const text = JSON.stringify(definitionsOf({ system: backed, projectFolder: '.', nodeImage: 'node:22' }));
    expect(text).toContain('"key":"POSTGRES_PASSWORD","value":"p$"');
    expect(text).not.toContain('working_dir');
  });
});

describe('a project with an overlay', () => {
  const wiring = wireEdges(project(services), system);
  const edges = [
    { name: 'load--sentinel', listen: '0.0.0.0:20000', upstream: 'halfopen-sentinel:8080' },
    { name: 'web--books', listen: '0.0.0.0:20001', upstream: 'books:8080' },
  ];
  const overlaid = (extra: Partial<Parameters<typeof project>[0]> = {}, relay: unknown = relayConfig(wiring)) =>
    project(
      {
        ...services,
        web: service({ environment: { BOOKS_URL: 'http://halfopen-relay:20001' } }),
        'halfopen-relay': service(),
        'halfopen-toxiproxy': service(),
        'halfopen-sentinel': service(),
        ...extra,
      },
      { configs: { 'halfopen-relay': JSON.stringify(relay), 'halfopen-toxiproxy': JSON.stringify(edges) } },
    );
  const problemsOf = (found: ReturnType<typeof overlaid>) => overlayProblems(found, readOverlay(found) ?? [], system);

  it('is read as it was written', () => {
    expect(readOverlay(overlaid())?.map(({ edge, port, toxiproxy }) => [edge, port, toxiproxy.upstream])).toEqual([
      ['load->sentinel', 20_000, 'halfopen-sentinel:8080'],
      ['web->books', 20_001, 'books:8080'],
    ]);
    expect(problemsOf(overlaid())).toEqual([]);
  });

  it.each([
    ['an edge that it lacks', overlaid({}, relayConfig({ edges: wiring.edges.slice(0, 1) })), 'an edge of the overlay'],
    [
      'an edge that is observed otherwise',
      overlaid({}, relayConfig({ edges: wiring.edges.map((edge) => ({ ...edge, observe: { value: '/other' } })) })),
      'protocol and observe',
    ],
    ['a variable that a later file has set back', overlaid({ web: services.web }), 'the overlay must be the last of the files'],
    ['a variable that is gone', overlaid({ web: service() }), 'no such variable'],
  ])('is refused for %s', (_, found, said) => {
    expect(JSON.stringify(problemsOf(found))).toContain(said);
  });

  it('is none where one of our services or a config is missing, or is no list any more', () => {
    expect(readOverlay(project(services))).toBeNull();
    expect(readOverlay({ ...overlaid(), configs: {} })).toBeNull();
    expect(readOverlay({ ...overlaid(), configs: { 'halfopen-relay': '{', 'halfopen-toxiproxy': '[]' } })).toBeNull();
  });
});
