import type { ContainerControl, ProcessControl } from '../contract.ts';
import type { Launched } from './launched.ts';
import type { ServiceContainer } from './service-container.ts';

export function processControl({ services }: Pick<Launched, 'services'>): ProcessControl {
  return {
    kill: async (service) => containerFor(services, service).kill(),
    start: async (service) => containerFor(services, service).start(),
    stop: async (service) => containerFor(services, service).stop(),
    pause: async (service) => containerFor(services, service).pause(),
    resume: async (service) => containerFor(services, service).resume(),
  };
}

export function containerControl({ services, network }: Pick<Launched, 'services' | 'network'>): ContainerControl {
  return {
    disconnect: async (service) =>
      containerFor(services, service).act(
        (container) => container.disconnect(network),
        () => ({ state: 'disconnected' }),
      ),
    connect: async (service) =>
      containerFor(services, service).act(
        (container) => container.connect(network, containerFor(services, service).aliases),
        () => ({ state: 'connected' }),
      ),
    unname: async (service) =>
      containerFor(services, service).act(
        async (container) => {
          await container.disconnect(network);
          await container.connect(network, []);
        },
        () => ({ state: 'unnamed' }),
      ),
    name: async (service) => {
      const { aliases, act } = bound(containerFor(services, service));
      await act(
        async (container) => {
          const has = (await container.inspect()).networks[network] ?? [];
          if (aliases.every((alias) => has.includes(alias))) return;
          await container.disconnect(network);
          await container.connect(network, aliases);
        },
        () => ({ state: 'named' }),
      );
    },
    squeeze: async (service, resources) =>
      containerFor(services, service).act(
        (container) => container.update(resources),
        () => ({
          state: 'squeezed',
          detail: Object.entries(resources)
            .map(([name, amount]) => `${name} ${amount}`)
            .join(', '),
        }),
      ),
    relax: async (service) => {
      const { resources, act } = bound(containerFor(services, service));
      await act(
        // 0 lifts a limit.
        (container) => container.update({ cpus: resources.cpus ?? 0, memoryMb: resources.memoryMb ?? 0 }),
        () => ({ state: 'relaxed' }),
      );
    },
  };
}

function bound(service: ServiceContainer): Pick<ServiceContainer, 'aliases' | 'resources' | 'act'> {
  return { aliases: service.aliases, resources: service.resources, act: (...args) => service.act(...args) };
}

function containerFor(services: ReadonlyMap<string, ServiceContainer>, service: string): ServiceContainer {
  const found = services.get(service);
  if (found !== undefined) return found;
  throw new RangeError(
    `Cannot act on a service as 'service' must be one of ${[...services.keys()].join(', ')}: current value is '${service}'`,
  );
}
