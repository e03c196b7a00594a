import type { System } from '../../../model/system.ts';

/** Services in groups: each group calls only services of the groups before it, as far as the calls go in no circle. */
export function startOrder({ services, edges }: Pick<System, 'services' | 'edges'>): readonly (readonly string[])[] {
  const groups: (readonly string[])[] = [];
  let left = Object.keys(services);
  while (left.length > 0) {
    const waiting = left;
    const next = waiting.filter(
      (name) => !edges.some(({ caller, callee }) => caller === name && callee !== name && waiting.includes(callee)),
    );
    // In a circle somebody has to begin.
    const group = next.length === 0 ? waiting : next;
    groups.push(group);
    left = waiting.filter((name) => !group.includes(name));
  }
  return groups;
}
