import { h } from './dom.ts';

/** A part of a run's page with its heading; the heading's first words are its name in the list of sections. */
export function section(id: string, title: string, meta: string, ...children: readonly (Node | null)[]): HTMLElement {
  return h(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, title, meta === '' ? null : h('span', { class: 'meta' }, meta)),
    ...children,
  );
}
