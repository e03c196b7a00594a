import { HarnessError } from '../../model/problem.ts';

/**
 * A Toxiproxy stopped answering: its control API freezes for good when a toxic comes or goes while a peer does not read. What the run was to
 * show is lost with it, and the harness is well: such a run is invalid, not broken.
 */
export class FrozenProxyError extends HarnessError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FrozenProxyError';
  }
}
