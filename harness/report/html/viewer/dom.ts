import { plainText } from '../../plain-text.ts';

/** Elements are made from tags, attributes and text nodes only: no markup is ever parsed, so no name in the data can become one. */

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | number | boolean | null>>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  apply(element, attributes, children);
  return element;
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  apply(element, attributes, children);
  return element;
}

function apply(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null) element.append(typeof child === 'string' ? plainText(child) : child);
}

/** A button that does one thing. */
export function button(label: string, attributes: Attributes, onClick: (event: MouseEvent) => void): HTMLButtonElement {
  const element = h('button', { type: 'button', ...attributes }, label);
  element.addEventListener('click', onClick);
  return element;
}

/** The element's content as one plain text: `t` with a small index. */
export function moment(name: string): HTMLElement {
  return h('span', { class: 'moment' }, name.slice(0, 1), h('sub', {}, name.slice(1)));
}

/** Scrolls there without a glide where the reader asked for less motion, and moves the focus along. */
export function goTo(element: HTMLElement): void {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
  if (!element.hasAttribute('tabindex')) element.setAttribute('tabindex', '-1');
  element.focus({ preventScroll: true });
}
