/** Goal: what compose prints is read as it is meant, in every form that it prints it in. */
import { expect, it } from 'vitest';
import { readComposeProject } from '../../../harness/compose/resolved.ts';

it('reads what `docker compose config` prints', () => {
  const printed = {
    name: 'shop',
    services: {
      web: {
        image: 'node:24-slim',
        environment: { PRICE: '$$5', EMPTY: null, PORT: '80' },
        networks: { default: null, back: { aliases: ['www'] } },
        ports: [
          { mode: 'ingress', target: 80, published: '8080', protocol: 'tcp' },
          { target: 81, host_ip: '127.0.0.1', protocol: 'udp' },
        ],
        expose: ['7000'],
        container_name: 'acme-web',
        links: ['db:database', 'cache'],
        profiles: ['full'],
        depends_on: { db: { condition: 'service_started' } },
        deploy: { replicas: 2 },
      },
      db: { build: { context: '.' }, network_mode: 'service:web' },
    },
    networks: { default: { name: 'shop_default', ipam: {} }, back: { name: 'b', internal: true }, out: { name: 'o', external: true } },
    volumes: { data: { name: 'shop_data' } },
    configs: { mine: { name: 'shop_mine', content: '{"a":"$$b"}' }, file: { name: 'f', file: '/x' } },
  };
  const project = readComposeProject(JSON.stringify(printed));
  expect(project).toEqual({
    name: 'shop',
    services: {
      web: {
        image: 'node:24-slim',
        isBuilt: false,
        environment: { PRICE: '$5', EMPTY: '', PORT: '80' },
        networks: { default: [], back: ['www'] },
        networkMode: null,
        containerName: 'acme-web',
        ports: [
          { target: 80, published: 8080, hostIp: null, protocol: 'tcp' },
          { target: 81, published: null, hostIp: '127.0.0.1', protocol: 'udp' },
        ],
        exposed: [7000],
        profiles: ['full'],
        links: [
          ['db', 'database'],
          ['cache', 'cache'],
        ],
        dependsOn: ['db'],
        replicas: 2,
      },
      db: {
        image: null,
        isBuilt: true,
        environment: {},
        networks: {},
        networkMode: 'service:web',
        containerName: null,
        ports: [],
        exposed: [],
        profiles: [],
        links: [],
        dependsOn: [],
        replicas: 1,
      },
    },
    networks: {
      default: { name: 'shop_default', isExternal: false, isInternal: false },
      back: { name: 'b', isExternal: false, isInternal: true },
      out: { name: 'o', isExternal: true, isInternal: false },
    },
    volumes: { data: { name: 'shop_data', isExternal: false } },
    configs: { mine: '{"a":"$b"}' },
  });
});
