import { monotonicUs } from '../../clock.ts';
import { LONGEST_TTL_MS } from '../lease.ts';
import { changedAttributes, newToxic, type Toxic } from '../toxic.ts';
import type { Attributes } from '../toxics/contract.ts';
import { toxicKind } from '../toxics/index.ts';
import { numberField, objectField, stringField, type Fields } from './fields.ts';
import { shortestFloat32 } from './float32.ts';
import { demandAddressable } from './name.ts';
import { ApiError } from './reply.ts';

/** A toxic as the API shows it: who it belongs to and how long it lasts only where that was given. */
export function toxicJson({ attributes, name, type, typedStream, toxicity, owner, ttlMs }: Toxic): unknown {
  return {
    attributes,
    name,
    type,
    stream: typedStream,
    toxicity,
    ...(owner === null ? {} : { owner }),
    ...(ttlMs === null ? {} : { ttlMs }),
  };
}

/**
 * Reads a new toxic, in the order of Toxiproxy's checks; `isTaken` says whether there is one of that name.
 *
 * @throws {ApiError} 400 or 409
 */
export function readToxic(fields: Fields, isTaken: (name: string) => boolean): Toxic {
  const typedStream = stringField(fields, 'stream', 'downstream');
  const type = stringField(fields, 'type', '');
  const toxicity = readToxicity(fields, 1);
  const name = stringField(fields, 'name', '') || `${type}_${typedStream}`;
  const changes = objectField(fields, 'attributes');
  const lease = readLease(fields);
  const stream = typedStream.toLowerCase();
  if (stream !== 'upstream' && stream !== 'downstream') throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
  const kind = toxicKind(type);
  if (kind === undefined) throw new ApiError(400, 'invalid toxic type');
  demandAddressable(name);
  if (isTaken(name)) throw new ApiError(409, 'toxic already exists');
  const attributes = changedAttributes(kind, {}, changes);
  if (typeof attributes === 'string') throw new ApiError(400, `bad request body: ${attributes}`);
  return newToxic({ name, type, stream, typedStream, kind, toxicity, attributes, ...lease });
}

/** What a request changes of a toxic. */
export interface ToxicChange {
  readonly toxicity: number;
  readonly attributes: Attributes;
  readonly lease: LeaseFields;
}

/**
 * Reads a change; what it does not name stays as it is.
 *
 * @throws {ApiError} 400; nothing has been applied then
 */
export function readToxicChange(fields: Fields, toxic: Toxic): ToxicChange {
  const toxicity = readToxicity(fields, toxic.toxicity);
  const attributes = changedAttributes(toxic.kind, toxic.attributes, objectField(fields, 'attributes'));
  if (typeof attributes === 'string') throw new ApiError(400, `bad request body: ${attributes}`);
  return { toxicity, attributes, lease: readLease(fields) };
}

/** A new time to last begins with the change that gives it. */
export function changeLease(toxic: Toxic, { owner, ttlMs }: LeaseFields): void {
  if (owner !== undefined) toxic.owner = owner;
  if (ttlMs === undefined) return;
  toxic.ttlMs = ttlMs;
  toxic.renewedUs = monotonicUs();
}

/** Whose toxic it is, and how long it lasts; absent where nothing was said. */
interface LeaseFields {
  readonly owner?: string;
  readonly ttlMs?: number;
}

function readLease(fields: Fields): LeaseFields {
  const owner = stringField(fields, 'owner', '');
  const ttlMs = numberField(fields, 'ttlms', 0);
  const hasTtl = (fields.get('ttlms') ?? null) !== null;
  if (hasTtl && !(ttlMs >= 1 && ttlMs <= LONGEST_TTL_MS))
    throw new ApiError(400, `bad request body: ttlMs must be a number from 1 to ${LONGEST_TTL_MS}: current value is ${ttlMs}`);
  return { ...(owner === '' ? {} : { owner }), ...(hasTtl ? { ttlMs } : {}) };
}

function readToxicity(fields: Fields, fallback: number): number {
  const toxicity = shortestFloat32(numberField(fields, 'toxicity', fallback));
  if (!Number.isFinite(toxicity)) throw new ApiError(400, 'bad request body: toxicity must be a 32-bit float: current value is too large');
  return toxicity;
}
