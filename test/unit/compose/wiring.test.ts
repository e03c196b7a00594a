/** Goal: every edge leads through relay and Toxiproxy where its two ends can be reached, and what would make it lead past them is said. */
import { describe, expect, it } from 'vitest';
import { relayConfig, wireEdges } from '../../../harness/compose/wiring.ts';
import { defineSystem } from '../../../harness/index.ts';
import { project, service } from './project.ts';

const pair = defineSystem({
  name: 'pair',
  entry: 'web',
  services: { web: { command: ['node'], calls: { books: 'BOOKS_URL' } }, books: { command: ['node'] } },
});
const web = (value: string | null, extra = {}) => service({ environment: value === null ? {} : { BOOKS_URL: value }, ...extra });

describe('wireEdges', () => {
  it('gives each edge a port, the relay as its address, and the callee behind Toxiproxy; nothing to warn of', () => {
    const wiring = wireEdges(project({ web: web('http://books:7000'), books: service() }), pair);
    expect(wiring.problems).toEqual([]);
    expect(wiring.warnings).toEqual([]);
    expect(wiring.edges.map(({ name, port, upstream }) => [name, port, upstream])).toEqual([
      ['load->sentinel', 20_000, 'halfopen-sentinel:8080'],
      ['web->books', 20_001, 'books:7000'],
    ]);
    expect(wiring.edges[1]?.variable).toEqual({ caller: 'web', name: 'BOOKS_URL', value: 'http://halfopen-relay:20001' });
    expect(wiring.relayNetworks).toEqual(['halfopen', 'default']);
    expect(relayConfig(wiring)[1]).toEqual({
      edge: 'web->books',
      protocol: 'http',
      listen: '0.0.0.0:20001',
      upstream: 'halfopen-toxiproxy:20001',
    });
  });

  it.each([
    ['a port', 'http://books:7000', 'books:7000'],
    ['the port of the scheme', 'http://books/', 'books:80'],
    ['a slash at the end', 'http://books:7000/', 'books:7000'],
    ['an alias', 'http://library:7000', 'books:7000'],
    ['a container name', 'http://acme-books:7000', 'books:7000'],
    ['a link', 'http://shelf:7000', 'books:7000'],
  ])('takes the callee for itself by %s', (_, value, upstream) => {
    const books = service({ containerName: 'acme-books', networks: { default: ['library'] } });
    const { edges, warnings } = wireEdges(project({ web: web(value, { links: [['books', 'shelf']] }), books }), pair);
    expect(edges[1]?.upstream).toBe(upstream);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['no such variable', null, 'web has no variable BOOKS_URL in the compose file (is it read at all?)'],
    ['another host', 'http://books.example.com:7000', "does not point at books: it leads to 'books.example.com'"],
    ['another service', 'http://bookshelf:7000', "it leads to 'bookshelf'"],
    ['no host', '', 'it names no host'],
    [
      'a path that the template lacks',
      'http://books:7000/v1',
      "differs from the system file's template 'http://{host}:{port}' in more than",
    ],
    ['a user that the template lacks', 'http://me:secret@books:7000', 'in more than host and port'],
  ])('warns of %s', (_, value, said) => {
    const { warnings } = wireEdges(project({ web: web(value), books: service() }), pair);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('web->books');
    expect(warnings[0]).toContain(said);
    expect(warnings[0]).not.toContain('secret');
  });

  it('names the variable that was probably meant', () => {
    const other = service({ environment: { BOOKS_ADDRESS: 'http://books:7000' } });
    const { warnings } = wireEdges(project({ web: other, books: service() }), pair);
    expect(warnings[0]).toContain('did you mean BOOKS_ADDRESS, which points at books?');
  });

  it('joins only the networks on which the two ends meet', () => {
    const networks = {
      front: { name: 'front', isExternal: false, isInternal: false },
      back: { name: 'back', isExternal: false, isInternal: true },
      side: { name: 'side', isExternal: true, isInternal: false },
    };
    const services = {
      web: web('http://books:7000', { networks: { front: [], back: [] } }),
      books: service({ networks: { back: [], side: [] } }),
    };
    const wiring = wireEdges(project(services, { networks }), pair);
    expect(wiring.relayNetworks).toEqual(['halfopen', 'back']);
    expect(wiring.toxiproxyNetworks).toEqual(['halfopen', 'back']);
    expect(wiring.warnings).toEqual([expect.stringContaining('is on the external network side')]);
  });

  it('bridges two ends that share no network, and says so', () => {
    const services = { web: web('http://books:7000', { networks: { front: [] } }), books: service({ networks: { back: [] } }) };
    const wiring = wireEdges(project(services), pair);
    expect([wiring.relayNetworks, wiring.toxiproxyNetworks]).toEqual([
      ['halfopen', 'front'],
      ['halfopen', 'back'],
    ]);
    expect(wiring.warnings[0]).toContain('share no network');
  });

  it('finds a callee that uses the network of another service', () => {
    const books = service({ networks: {}, networkMode: 'service:pod' });
    const wiring = wireEdges(project({ web: web('http://pod:7000'), books, pod: service() }), pair);
    expect(wiring.edges[1]?.upstream).toBe('pod:7000');
    expect([wiring.problems, wiring.warnings]).toEqual([[], []]);
  });

  it('warns of replicas and of a port that the system file has otherwise', () => {
    const declared = { ...pair, services: { ...pair.services, books: { ...pair.services.books, port: 9000 } } };
    const { warnings } = wireEdges(project({ web: web('http://books:7000'), books: service({ replicas: 3 }) }), declared);
    expect(warnings).toEqual([
      expect.stringContaining('names port 7000 of books, the system file says 9000'),
      expect.stringContaining('has 3 replicas'),
    ]);
  });

  it.each([
    ['a service that is not there', { web: web('http://books:7000'), boks: service() }, "is it 'boks' there?"],
    ['a name of ours', { web: web(''), books: service(), 'halfopen-relay': service() }, 'halfopen adds it'],
    ['no network of its own', { web: web('', { networkMode: 'host', networks: {} }), books: service() }, "'host'"],
    ['a name that no host can have', { web: web(''), books: service(), ['x'.repeat(64)]: service() }, '63'],
  ])('refuses %s', (_, services, said) => {
    const { problems } = wireEdges(project(services), pair);
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).toContain(said);
  });
});
