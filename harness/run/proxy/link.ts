import { seededRandom } from '../../model/random.ts';
import { faultOfToxic } from './contract.ts';
import type { Toxic } from './toxic.ts';
import type { Sink, Stage } from './toxics/contract.ts';

/** What a link may do to its connection. */
export interface LinkHooks {
  /** Labels the dice of this link: proxy, connection and direction. */
  readonly label: string;
  readonly seed: number;
  readonly exit: Sink;
  touch(fault: string, touch: string): void;
  flow(): void;
  close(): void;
  reset(): void;
}

interface Slot {
  readonly toxic: Toxic;
  readonly stage: Stage;
  next: Sink;
}

/**
 * One direction of one connection: bytes pass the stream's toxics in the order in which those were added. Without a
 * toxic it is a straight call.
 */
export class Link implements Sink {
  readonly #hooks: LinkHooks;
  readonly #slots: Slot[] = [];
  #first: Sink;
  #closesAfterEnd = false;
  readonly #exit: Sink;

  constructor(hooks: LinkHooks) {
    this.#hooks = hooks;
    this.#exit = {
      chunk: (data) => hooks.exit.chunk(data),
      end: () => {
        hooks.exit.end();
        if (this.#closesAfterEnd) hooks.close();
      },
    };
    this.#first = hooks.exit;
  }

  chunk(data: Buffer): void {
    this.#first.chunk(data);
  }

  end(): void {
    this.#first.end();
  }

  get isEmpty(): boolean {
    return this.#slots.length === 0;
  }

  full(): boolean {
    for (const { stage } of this.#slots) if (stage.full()) return true;
    return false;
  }

  /** Brings the running stages in line with the proxy's toxics of this direction; a die is never rolled twice. */
  sync(toxics: readonly Toxic[]): void {
    for (const slot of this.#slots.filter(({ toxic }) => !toxics.includes(toxic) || !this.#isHit(toxic))) {
      slot.stage.release();
      this.#slots.splice(this.#slots.indexOf(slot), 1);
      this.#relink();
    }
    this.#startMissing(toxics);
    this.#hooks.flow();
  }

  /** The toxic's settings changed. */
  update(toxic: Toxic): void {
    this.#slots.find((slot) => slot.toxic === toxic)?.stage.update();
  }

  stop(): void {
    for (const { stage } of this.#slots) stage.stop();
    this.#slots.length = 0;
    this.#relink();
  }

  #startMissing(toxics: readonly Toxic[]): void {
    let place = 0;
    for (const toxic of toxics) {
      if (this.#slots[place]?.toxic !== toxic) {
        if (!this.#isHit(toxic)) continue;
        this.#slots.splice(place, 0, this.#start(toxic));
        this.#relink();
      }
      place++;
    }
  }

  #isHit(toxic: Toxic): boolean {
    if (toxic.toxicity >= 1) return true;
    return seededRandom(this.#hooks.seed, `${this.#hooks.label}/${toxic.name}/die`)() < toxic.toxicity;
  }

  #start(toxic: Toxic): Slot {
    const hooks = this.#hooks;
    const fault = faultOfToxic(toxic.name);
    const out: Sink = { chunk: (data) => slot.next.chunk(data), end: () => slot.next.end() };
    const stage = toxic.kind.start({
      attributes: toxic.attributes,
      pace: toxic.pace,
      random: seededRandom(hooks.seed, `${hooks.label}/${toxic.name}`),
      out,
      touch: () => hooks.touch(fault, toxic.kind.touchOf?.(toxic.attributes) ?? toxic.type),
      flow: hooks.flow,
      close: hooks.close,
      reset: hooks.reset,
      closeAfterEnd: () => {
        this.#closesAfterEnd = true;
      },
    });
    const slot: Slot = { toxic, stage, next: this.#exit };
    return slot;
  }

  #relink(): void {
    for (const [index, slot] of this.#slots.entries()) slot.next = this.#slots[index + 1]?.stage ?? this.#exit;
    this.#first = this.#slots[0]?.stage ?? this.#exit;
  }
}
