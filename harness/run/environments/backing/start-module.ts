import { setTimeout as delay } from 'node:timers/promises';
import type { GenericContainer, WaitStrategy } from 'testcontainers';
import { HarnessError } from '../../../model/problem.ts';
import { CALL_MS, calling } from '../containers/engine-failure.ts';
import type { Container } from '../containers/contract.ts';
import { ask, type Greeting } from './answer.ts';
import type { BackingContext } from './contract.ts';

const ASK_EVERY_MS = 50;
/** How often it is looked whether the container still runs, in milliseconds. */
const LOOK_EVERY_MS = 200;
/** How long reading a container's log may take, in milliseconds; that of one that runs does not end. */
const READ_LOG_MS = 1000;
const LOG_LINES = 15;

/** The kind's module of Testcontainers; its package is an optional one. */
export async function loadModule<T>(kind: string, packageName: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new HarnessError(`Cannot start ${kind} as the package ${packageName} is not installed (way out: npm i -D ${packageName})`, {
      cause,
    });
  }
}

/** Starts a module's container and waits until it answers the greeting. */
export async function startModule(container: GenericContainer, greeting: Greeting, context: BackingContext): Promise<Container> {
  const { engine, spec, service, readyWithinMs, signal } = context;
  signal.throwIfAborted();
  container
    .withName(spec.name)
    .withLabels({ ...spec.labels })
    .withEnvironment({ ...spec.env })
    // Aliases are in the request already: with them here, the container would be on the default bridge as well.
    .withNetworkMode(spec.network)
    .withWaitStrategy(untilAnswered(greeting, context));
  if (spec.command.length > 0) container.withCommand([...spec.command]);
  const over = new AbortController();
  try {
    const starting = calling(`start service '${service}' from ${spec.image}`, container.start(), readyWithinMs + 2 * CALL_MS);
    await Promise.race([starting, untilEnded(context, over.signal)]);
  } catch (error) {
    await engine
      .container(spec.name)
      .remove()
      .catch((second: unknown) => second);
    signal.throwIfAborted();
    throw error;
  } finally {
    over.abort();
  }
  return engine.container(spec.name);
}

/**
 * In place of the module's own: a line in a log comes before the port is open, and a health check starts a process in the container four
 * times a second for as long as it runs, which is noise in every measurement.
 */
function untilAnswered(greeting: Greeting, context: BackingContext): WaitStrategy {
  const { spec, engine, readyWithinMs, signal } = context;
  const strategy: WaitStrategy = {
    withStartupTimeout: () => strategy,
    isStartupTimeoutSet: () => true,
    getStartupTimeout: () => readyWithinMs,
    async waitUntilReady(_, boundPorts) {
      const address = { host: engine.host, port: boundPorts.getBinding(spec.ports[0]?.container ?? 0) };
      const deadline = performance.now() + readyWithinMs;
      let said = 'it was not asked';
      while (performance.now() < deadline) {
        const answered = await ask(address, greeting, signal);
        signal.throwIfAborted();
        if (answered.isReady) return;
        ({ said } = answered);
        await delay(ASK_EVERY_MS, undefined, { signal });
      }
      throw await failure(`did not answer within ${readyWithinMs} ms (${said})`, context);
    },
  };
  return strategy;
}

/** Rejects if the container ends before it has answered: Testcontainers would go on waiting for its ports, and blame those. */
async function untilEnded(context: BackingContext, signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const look = async (): Promise<void> => {
    while (!signal.aborted) {
      await delay(LOOK_EVERY_MS, undefined, { signal });
      const state = await context.engine.find(context.spec.name);
      if (state?.status === 'exited' || state?.status === 'dead')
        reject(await failure(`ended with code ${state.exitCode} before it answered`, context));
    }
  };
  // An engine that does not answer is told by the call that starts the container.
  look().catch((error: unknown) => error);
  return promise;
}

/** Has to be made before the container is removed: it reads the log. */
async function failure(what: string, { engine, service, spec }: BackingContext): Promise<HarnessError> {
  const log: string[] = [];
  const options = { signal: AbortSignal.timeout(READ_LOG_MS), fromStart: true };
  await engine
    .container(spec.name)
    .lines(({ text }) => log.push(text), options)
    .catch((error: Error) => log.push(error.message));
  const last = log.filter((line) => line.trim() !== '').slice(-LOG_LINES);
  const shown = last.length === 0 ? ['It printed nothing.'] : ['Its last lines:', ...last.map((line) => `  ${line}`)];
  return new HarnessError([`Service '${service}' (${spec.image}) ${what}.`, ...shown.map((line) => `  ${line}`)].join('\n'));
}
