import type { Random } from '../../../model/random.ts';

/**
 * Transmissions of which a share is lost, in bursts where they are correlated: the correlation (ρ) is that between neighbours, and the share of
 * losses stays what it is. One transmission takes one draw.
 *
 * Source: E. N. Gilbert, Capacity of a burst-noise channel, Bell System Technical Journal 39 (1960), 1253–1265, in its simplest form: two states,
 * of which one loses everything and the other nothing.
 */
export class LossyChannel {
  readonly #random: Random;
  /** null before the first transmission, which is lost as the share says. */
  #hasLost: boolean | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether the next transmission is lost; `share` and `correlation` are in [0, 1]. */
  loses(share: number, correlation: number): boolean {
    const drawn = this.#random();
    const pull = this.#hasLost === null ? 0 : correlation * ((this.#hasLost ? 1 : 0) - share);
    // None and all are meant, whatever the state was when the share became that.
    this.#hasLost = share === 0 || share === 1 ? share === 1 : drawn < share + pull;
    return this.#hasLost;
  }
}
