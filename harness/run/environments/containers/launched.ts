import type { Ledger } from '../../ledger/contract.ts';
import type { RealToxiproxy } from '../../proxy/contract.ts';
import type { Address } from '../contract.ts';
import type { ServiceLog } from '../service-log.ts';
import type { Engine } from './contract.ts';
import type { ServiceContainer } from './service-container.ts';

export interface InsidePlace {
  readonly network: string;
  /** The entry as it is reached there. */
  readonly entry: Address;
  /** For all that is made there. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A system whose containers run: it may serve one run after another. Disposing it removes them all. */
export interface Launched extends AsyncDisposable {
  readonly engine: Engine;
  readonly ledger: Ledger;
  /** The network on which the services meet. */
  readonly network: string;
  readonly services: ReadonlyMap<string, ServiceContainer>;
  readonly entry: string;
  readonly sentinel: Address;
  /** Where containers of the harness's own can join the services; null where the entry has no network to itself. */
  readonly inside: InsidePlace | null;
  readonly relayUrl: string;
  /** The Toxiproxy that stands now. */
  toxiproxy(): RealToxiproxy;
  /** Puts a new Toxiproxy, with the same proxies, in the place of one that does not answer. */
  recreateToxiproxy(signal: AbortSignal): Promise<void>;
  /** Where the harness's own containers print to: the log of the run at hand. */
  logTo(log: ServiceLog | undefined): void;
  /** Service → image with its content address, for the record. */
  readonly images: Readonly<Record<string, string>>;
  /** The engine or one of the harness's own containers went away; rejects then, never resolves. */
  readonly broken: Promise<never>;
}
