/** Goal: a run's own changes make a project that is nobody else's, marked everywhere, and that the harness can reach. */
import { describe, expect, it } from 'vitest';
import { portsInside, publishedPort, runChangesText, type Reached } from '../../../harness/compose/run-changes.ts';
import { defineSystem } from '../../../harness/index.ts';
import { project, service } from './project.ts';

const port = (target: number, published: number | null, hostIp: string | null = null) => ({ target, published, hostIp, protocol: 'tcp' });

const found = project(
  {
    web: service({ dependsOn: ['halfopen-relay'], networks: { back: [] } }),
    db: service({ networks: { front: [], back: [] } }),
    'halfopen-relay': service(),
  },
  {
    networks: {
      front: { name: 'acme', isExternal: false, isInternal: false },
      back: { name: 'test_back', isExternal: false, isInternal: true },
      outside: { name: 'outside', isExternal: true, isInternal: false },
    },
    volumes: { data: { name: 'acme-data', isExternal: false }, theirs: { name: 'theirs', isExternal: true } },
  },
);
const reached: readonly Reached[] = [
  { service: 'web', owner: 'web', target: 8000, host: 21_000, isPublished: false },
  { service: 'db', owner: 'db', target: 5432, host: 5432, isPublished: true },
];
const text = runChangesText({
  project: found,
  labels: { 'dev.halfopen.run': 'r1' },
  overrides: { web: { SECRET: 'a$b' } },
  reached,
  name: 'halfopen-r1',
  seed: 7,
  code: { folder: '/opt/halfopen', relay: 'dist/relay.js', sentinel: 'dist/sentinel.js' },
});
const block = (name: string): string => new RegExp(`^  ${name}:\\n((?:    .*\\n)*)`, 'm').exec(text)?.[1] ?? '';

describe('runChangesText', () => {
  it('marks every service, network and volume that is not somebody else’s', () => {
    for (const name of ['web', 'db', 'halfopen-relay', 'front', 'back', 'data'])
      expect(block(name), name).toContain('dev.halfopen.run: r1');
    expect(text).not.toContain('outside');
    expect(text).not.toContain('theirs');
  });

  it('gives networks and volumes with fixed names names of the run: they are another project’s, and its data', () => {
    expect(block('front')).toContain('name: halfopen-r1_front');
    expect(block('data')).toContain('name: halfopen-r1_data');
    expect(text).not.toContain('acme');
  });

  it('publishes on loopback what the files do not, and lets out what is shut in', () => {
    expect(block('web')).toContain('- "127.0.0.1:21000:8000"'.slice(2));
    expect(block('web')).toContain('networks:\n      halfopen: {}');
    expect(block('db')).not.toContain('ports');
    expect(block('db')).not.toContain('networks');
  });

  it('hands on what --set says, lets nothing restart by itself, and does not wait for a health that it has seen to', () => {
    expect(block('web')).toContain('SECRET: "a$$b"');
    expect(block('web')).toContain('restart: "no"');
    expect(block('web')).toContain('halfopen-relay:\n        condition: service_started');
    expect(block('halfopen-relay')).toContain('disable: true');
  });

  it('runs the relay of this halfopen with the run’s seed', () => {
    expect(block('halfopen-relay')).toContain('/halfopen/dist/relay.js');
    expect(block('halfopen-relay')).toMatch(/"--seed"(,|\n\s+-) "7"/);
    expect(block('halfopen-relay')).toContain('source: /opt/halfopen');
  });
});

describe('ports', () => {
  it('are those of the edges, else of the system file, else of the compose file', () => {
    const system = defineSystem({
      name: 's',
      entry: 'web',
      services: {
        web: { image: 'a', calls: { db: { env: 'DB', protocol: 'tcp', url: '{host}:{port}' }, said: 'S' } },
        db: { image: 'a', port: 1 },
        said: { image: 'a', port: 9000 },
        exposed: { image: 'a' },
        usual: { image: 'a' },
      },
    });
    const files = project({ exposed: service({ exposed: [7000] }), web: service({ ports: [port(6000, 80)] }) });
    const edges = [
      {
        edge: 'web->db',
        protocol: 'tcp',
        observe: undefined,
        port: 20_001,
        toxiproxy: { name: 'web--db', listen: '', upstream: 'db:5432' },
      },
    ];
    expect([...portsInside(files, edges, system)]).toEqual([
      ['web', 6000],
      ['db', 5432],
      ['said', 9000],
      ['exposed', 7000],
      ['usual', 8080],
    ]);
  });

  it('of this machine are taken where the files lead to them on loopback', () => {
    const of = (entry: ReturnType<typeof port>) => publishedPort(project({ a: service({ ports: [entry] }) }), 'a', 80);
    expect([of(port(80, 8080)), of(port(80, 8080, '127.0.0.1')), of(port(80, 8080, '0.0.0.0'))]).toEqual([8080, 8080, 8080]);
    expect([of(port(81, 8080)), of(port(80, null)), of(port(80, 8080, '10.0.0.1')), of({ ...port(80, 8080), protocol: 'udp' })]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});
