// Goal: what a container is asked for of this machine is exactly what was meant: one network, loopback ports, mounts that nobody writes to.
import { expect, it } from 'vitest';
import { placeContainer } from '../../../../../harness/run/environments/containers/placement.ts';

const place = { network: 'net', aliases: ['one'], ports: [{ container: 80, host: 4000 }] };

it('joins one network under its names, and publishes on loopback only', () => {
  const request = { createOpts: {}, hostConfig: {} };
  placeContainer(request, place);
  expect(request).toEqual({
    createOpts: { NetworkingConfig: { EndpointsConfig: { net: { Aliases: ['one'] } } }, ExposedPorts: { '80/tcp': {} } },
    hostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '4000' }] } },
  });
});

it('mounts files and folders of this machine at the same path, to be read only', () => {
  const request = { createOpts: {}, hostConfig: {} };
  placeContainer(request, { ...place, ports: [], mounts: ['/tmp/a', '/opt/b'] });
  expect(request.hostConfig).toMatchObject({
    Mounts: [
      { Type: 'bind', Source: '/tmp/a', Target: '/tmp/a', ReadOnly: true },
      { Type: 'bind', Source: '/opt/b', Target: '/opt/b', ReadOnly: true },
    ],
  });
});
