import { ApiError } from './reply.ts';

/**
 * Refuses names that a path cannot carry: what has one could be made and never be addressed again.
 *
 * @throws {ApiError} 400
 */
export function demandAddressable(name: string): void {
  const wrong = (why: string): ApiError => new ApiError(400, `bad request body: name must not ${why}`);
  if (name.includes('/')) throw wrong('contain a slash');
  if (name === '.' || name === '..') throw wrong(`be ${name}`);
}
