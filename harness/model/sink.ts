import type { RunEvent } from './event.ts';
import type { EffectRow, ExchangeRow, RequestRow, SpanRow } from './recording.ts';

/** An event before the sink numbers it. */
export type NewEvent<T extends RunEvent = RunEvent> = T extends RunEvent ? Omit<T, 'id'> : never;

/** A row on its way into the recording. Ids of events, exchanges and effects are given by the recorder. */
export type SinkRecord =
  | { readonly table: 'events'; readonly row: NewEvent }
  | { readonly table: 'requests'; readonly row: RequestRow }
  | { readonly table: 'exchanges'; readonly row: Omit<ExchangeRow, 'id'> }
  | { readonly table: 'effects'; readonly row: Omit<EffectRow, 'id'> }
  | { readonly table: 'spans'; readonly row: SpanRow };

/** What `perform` writes to. Never throws for a full limit: it counts what it drops. */
export type Sink = (record: SinkRecord) => void;
