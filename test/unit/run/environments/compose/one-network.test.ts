/** Goal: a container on several networks leaves them all, comes back to each under its own names, and says when it is not back whole. */
import { expect, it } from 'vitest';
import { ALL_NETWORKS, asOnOneNetwork } from '../../../../../harness/run/environments/compose/one-network.ts';
import type { Container, ContainerState } from '../../../../../harness/run/environments/containers/contract.ts';

function onNetworks(): { readonly container: Container; readonly networks: Record<string, readonly string[]> } {
  const networks: Record<string, readonly string[]> = { front: ['web', 'www'], back: ['web'] };
  const refuse = (): Promise<never> => Promise.reject(new Error('not asked for here'));
  const container: Container = {
    id: 'id',
    name: 'shop-web-1',
    inspect: async () => ({ networks: { ...networks } }) as unknown as ContainerState,
    connect: async (network, aliases) => {
      networks[network] ??= aliases;
    },
    disconnect: async (network) => {
      delete networks[network];
    },
    start: refuse,
    stop: refuse,
    kill: refuse,
    pause: refuse,
    resume: refuse,
    update: refuse,
    remove: refuse,
    lines: refuse,
    exited: refuse,
  };
  return { container, networks };
}

it('leaves all networks and comes back to each under the names that it had there', async () => {
  const { container, networks } = onNetworks();
  const one = asOnOneNetwork(container, { front: ['web', 'www'], back: ['web'] });
  expect((await one.inspect()).networks[ALL_NETWORKS]).toEqual(['web', 'www']);
  await one.disconnect(ALL_NETWORKS);
  expect(networks).toEqual({});
  expect((await one.inspect()).networks[ALL_NETWORKS]).toBeUndefined();
  await one.connect(ALL_NETWORKS, ['web', 'www']);
  expect(networks).toEqual({ front: ['web', 'www'], back: ['web'] });
});

it('has no name on any network when it was asked back without one, or lost one', async () => {
  const { container, networks } = onNetworks();
  const one = asOnOneNetwork(container, { front: ['web', 'www'], back: ['web'] });
  await one.disconnect(ALL_NETWORKS);
  await one.connect(ALL_NETWORKS, []);
  expect(networks).toEqual({ front: [], back: [] });
  expect((await one.inspect()).networks[ALL_NETWORKS]).toEqual([]);
  networks['front'] = ['web', 'www'];
  expect((await one.inspect()).networks[ALL_NETWORKS]).toEqual([]);
});

it('comes back to those that it had left half-way', async () => {
  const { container, networks } = onNetworks();
  const one = asOnOneNetwork(container, { front: ['web', 'www'], back: ['web'] });
  await container.disconnect('front');
  await one.connect(ALL_NETWORKS, ['web']);
  expect(networks).toEqual({ back: ['web'], front: ['web', 'www'] });
});

it('refuses to leave where it has no network of its own', async () => {
  await expect(asOnOneNetwork(onNetworks().container, {}).disconnect(ALL_NETWORKS)).rejects.toThrow('it has no network of its own');
});
