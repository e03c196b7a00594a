/**
 * P-values adjusted for having asked many questions at once: calling those at most α significant makes even one false alarm among all
 * true null hypotheses no likelier than α, however the questions depend on each other.
 *
 * Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979), 65–70.
 *
 * @returns the adjusted values in the order of the given ones; nothing for nothing
 * @throws {RangeError} if one does not lie in 0…1, naming the index
 */
export function holm(ps: readonly number[]): readonly number[] {
  ps.forEach((p, index) => {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot adjust as 'ps[${index}]' must lie in 0…1: current value is ${p}`);
  });
  const adjusted = new Array<number>(ps.length).fill(1);
  let largest = 0;
  ps.map((p, index) => ({ p, index }))
    .sort((a, b) => a.p - b.p)
    .forEach(({ p, index }, rank) => {
      largest = Math.max(largest, Math.min(1, (ps.length - rank) * p));
      adjusted[index] = largest;
    });
  return adjusted;
}
