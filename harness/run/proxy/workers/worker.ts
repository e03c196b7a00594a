import { createServer, type Server } from 'node:net';
import { Branch } from '../branch.ts';
import { PlainTap } from '../tap/plain-tap.ts';
import { newToxic, type Toxic } from '../toxic.ts';
import type { Pace } from '../toxics/contract.ts';
import { toxicKind } from '../toxics/index.ts';
import type { FromWorker, Order, ToWorker } from './protocol.ts';

/**
 * Entry of a process that carries connections beside the main one. It accepts from listening sockets that the main process has bound, so
 * that a port belongs to one server however many processes serve it, and it ends with the main process.
 */
interface Place {
  readonly branch: Branch;
  server: Server | null;
}

const places = new Map<number, Place>();
const grants = new Map<number, (freeUs: number) => void>();
let requests = 0;

// Nobody reads the stacks of the errors that callers' resets make, and they cost time on each connection.
Error.stackTraceLimit = 0;

process.on('message', (message: ToWorker, handle: unknown) => {
  if (message.kind === 'granted') {
    grants.get(message.request)?.(message.freeUs);
    grants.delete(message.request);
    return;
  }
  const { id, proxy, order } = message;
  try {
    send({ kind: 'answer', id, answer: follow(proxy, order, handle as Server | undefined) ?? null });
  } catch (error) {
    send({ kind: 'failed', id, message: (error as Error).message });
  }
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group: the main process decides when its connections end.
process.on('SIGINT', () => undefined);
send({ kind: 'ready' });

function send(message: FromWorker): void {
  // The main process may be gone already: then there is nobody left to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function follow(proxy: number, order: Order, handle: Server | undefined): unknown {
  if (order.op === 'open') {
    open(proxy, order, handle);
    return null;
  }
  const place = places.get(proxy);
  if (place === undefined) throw new Error(`Cannot ${order.op} as proxy ${proxy} must have been opened here first`);
  const { branch } = place;
  switch (order.op) {
    case 'retire':
      close(place);
      return branch.accepts();
    case 'renumber':
      return branch.renumber(order.ordinals, order.total);
    case 'add-toxic':
      return branch.addToxic(toxicOf(proxy, order.toxic));
    case 'update-toxic':
      return branch.updateToxic(order.toxic, order.change);
    case 'remove-toxic':
      return branch.removeToxic(order.toxic);
    case 'retarget':
      branch.upstream = order.upstream;
      return null;
    case 'counters':
      return branch.counters();
    case 'drop':
      close(place);
      return branch.drop();
    case 'forget':
      close(place);
      branch.drop();
      places.delete(proxy);
      return null;
  }
}

function open(proxy: number, order: Extract<Order, { readonly op: 'open' }>, handle: Server | undefined): void {
  const place = places.get(proxy) ?? { branch: branchOf(order), server: null };
  places.set(proxy, place);
  place.branch.upstream = order.upstream;
  close(place);
  // The socket may have been closed while it was on its way.
  if (handle === undefined) return;
  const { branch } = place;
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => branch.accept(socket));
  server.on('error', () => branch.acceptFailed());
  server.listen(handle);
  place.server = server;
}

function branchOf({ name, seed, upstream }: Extract<Order, { readonly op: 'open' }>): Branch {
  return new Branch({
    name,
    seed,
    upstream,
    tap: (connection, countTouch) => new PlainTap(connection, countTouch),
    // The main process asks for the counts.
    countTouch: () => undefined,
  });
}

function close(place: Place): void {
  place.server?.close();
  place.server = null;
}

function toxicOf(proxy: number, spec: Extract<Order, { readonly op: 'add-toxic' }>['toxic']): Toxic {
  const kind = toxicKind(spec.type);
  if (kind === undefined) throw new Error(`Cannot add a toxic as 'type' must be known here: current value is ${spec.type}`);
  const pace: Pace = {
    reserve(want, granted) {
      const request = ++requests;
      grants.set(request, granted);
      send({ kind: 'reserve', proxy, toxic: spec.name, want, request });
    },
  };
  return { ...newToxic({ ...spec, kind, attributes: { ...spec.attributes } }), pace };
}
