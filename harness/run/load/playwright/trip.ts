import type { Browser, BrowserContext, ViewportSize } from 'playwright-core';
import type { LoadEvent } from '../contract.ts';
import type { Arrival } from './arrival-row.ts';
import type { JourneyEnd } from './journey-end.ts';
import type { JourneyCode, JourneyContext } from './journey.ts';
import type { WantedJourney } from './messages.ts';
import type { Album, Sitter } from './pictures.ts';
import type { SideFile, SideFiles } from './side-files.ts';
import type { Watched } from './watched-page.ts';

/** What journeys of one kind have in common. */
export interface JourneyLane {
  readonly template: WantedJourney;
  readonly code: JourneyCode;
  readonly spanOf: (ordinal: number) => string;
  readonly dataOf: (ordinal: number) => JourneyContext['data'];
}

/** What journeys need of the run around them. */
export interface JourneyWorld {
  readonly browser: Browser;
  readonly origin: string;
  readonly viewport: ViewportSize;
  readonly album: Album;
  readonly sideFiles: SideFiles;
  /** Pages that are open now, oldest first. */
  readonly sitters: Set<Sitter>;
  readonly redact: (text: string) => string;
  nowUs(): number;
  /** The phase of the run at that moment. */
  phaseAt(atUs: number): string;
  onEvent(event: LoadEvent): void;
}

/** Why a journey did not come to an end of its own. */
export type GivenUp = 'aborted' | 'crashed' | 'timeout';

/** An arrival on its way. */
export interface Flight {
  /** Ends it from outside, at once: `crashed` when the browser is gone. */
  settle(how: 'aborted' | 'crashed'): void;
}

/** One journey while it runs. */
export interface Trip {
  readonly lane: JourneyLane;
  readonly world: JourneyWorld;
  readonly arrival: Arrival;
  readonly startedUs: number;
  readonly whenGivenUp: Promise<GivenUp>;
  givenUp: GivenUp | null;
  isDegraded: boolean;
  /** Of the first step that failed. */
  failure: JourneyEnd | null;
  context: BrowserContext | null;
  sideFile: SideFile | null;
  sitter: Sitter | null;
  seen: Watched | null;
  /** Resolves when its context is closed; null while nobody has closed it. */
  closing: Promise<unknown> | null;
}
