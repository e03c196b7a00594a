import type { PictureView } from '../payload.ts';
import { button, h, s } from './dom.ts';
import { at, plural } from './format.ts';
import { isOnAxis, type Film } from './film.ts';
import { xOf, type Frame } from './lanes.ts';
import type { View } from './view.ts';

/** Width of a thumbnail and the gap after it, in pixels; the stylesheet knows the width too. */
const THUMB_PX = 64;
const GAP_PX = 4;
const PIN_PX = 6;

/** One journey's pictures, each pinned to its moment: those that find room as thumbnails, all of them as pins. */
export interface Filmstrip {
  readonly element: HTMLElement;
  /** How many there are, and how many of them found room. */
  readonly note: HTMLElement;
  update(frame: Frame): void;
}

interface Thumb {
  readonly picture: PictureView;
  readonly element: HTMLButtonElement;
}

export function filmstrip(journey: string, film: Film, view: View): Filmstrip {
  const pictures = film.pictures.filter((picture) => picture.journey === journey && isOnAxis(picture, view));
  const note = h('span');
  const pins = s('svg', { height: PIN_PX, 'aria-hidden': 'true' });
  let current = 0;
  let last: Frame | null = null;
  let hasOpened = false;
  const thumbs = pictures.map((picture): Thumb => {
    const element = button('', { class: 'thumb', tabindex: -1, 'aria-haspopup': 'dialog', title: at(picture.atMs) }, () => {
      hasOpened = true;
      film.open(picture);
    });
    element.append(film.image(picture));
    element.addEventListener('pointerenter', () => view.set({ cursorMs: picture.atMs }));
    return { picture, element };
  });
  const element = h(
    'div',
    {
      class: 'film',
      role: 'group',
      'aria-label': `Filmstrip of ${journey}: ${plural(pictures.length, 'picture')}; arrow keys go from one to the next`,
    },
    pins,
    ...thumbs.map((thumb) => thumb.element),
  );
  const update = (frame: Frame): void => {
    last = frame;
    drawPins(pins, pictures, frame);
    const shown = placeThumbs(thumbs, current, frame);
    note.textContent = `${plural(pictures.length, 'picture')}${shown === thumbs.length ? '' : `, ${shown} shown: zoom in for more`}`;
  };
  const goTo = (index: number): void => {
    const thumb = thumbs[index];
    if (thumb === undefined) return;
    current = index;
    view.step(thumb.picture.atMs);
    if (last !== null) update({ ...last, range: view.state().range });
    thumb.element.focus({ preventScroll: true });
  };
  element.addEventListener('focusin', ({ target }) => {
    current = thumbs.findIndex((thumb) => thumb.element === target);
  });
  element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const targets: Readonly<Record<string, number>> = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: thumbs.length - 1 };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    goTo(target);
  });
  film.onShow((picture) => {
    const index = pictures.indexOf(picture);
    if (index < 0) return;
    current = index;
    if (last !== null) update({ ...last, range: view.state().range });
  });
  // Where the reader began may have made room meanwhile: the focus goes to what was looked at last.
  film.dialog.addEventListener('close', () => {
    if (hasOpened) goTo(current);
    hasOpened = false;
  });
  return { element, note, update };
}

function isInside(x: number, width: number): boolean {
  return x >= -0.5 && x <= width + 0.5;
}

function drawPins(pins: SVGSVGElement, pictures: readonly PictureView[], frame: Frame): void {
  const x = xOf(frame);
  const seen = pictures.filter(({ atMs }) => isInside(x(atMs), frame.width));
  pins.setAttribute('width', String(frame.width));
  pins.replaceChildren(
    ...seen.map(({ atMs, worth }) => s('line', { class: `pin pin-${worth}`, x1: x(atMs), x2: x(atMs), y1: 0, y2: PIN_PX })),
  );
}

/** Puts those that find room where they belong, and hides the others. Answers how many found room. */
function placeThumbs(thumbs: readonly Thumb[], current: number, frame: Frame): number {
  const x = xOf(frame);
  const shown = roomFor(thumbs, current, ({ atMs }) => (isInside(x(atMs), frame.width) ? leftOf(x(atMs), frame.width) : null));
  const own = thumbs[current];
  const tabbed = own !== undefined && shown.has(own) ? own : thumbs.find((thumb) => shown.has(thumb));
  for (const thumb of thumbs) {
    const left = shown.get(thumb);
    thumb.element.hidden = left === undefined;
    thumb.element.tabIndex = thumb === tabbed ? 0 : -1;
    if (left === undefined) continue;
    thumb.element.style.left = `${left}px`;
    thumb.element.classList.toggle('from-right', left < x(thumb.picture.atMs) - 1);
  }
  return shown.size;
}

/** A thumbnail begins at its moment; at the end of the axis, where it would stand out, it ends there. */
function leftOf(x: number, width: number): number {
  return x + THUMB_PX > width ? x - THUMB_PX : x;
}

/** Thumbnails that do not cover one another: the reader's own first, then what tells most. */
function roomFor(thumbs: readonly Thumb[], current: number, left: (picture: PictureView) => number | null): ReadonlyMap<Thumb, number> {
  const shown = new Map<Thumb, number>();
  const own = thumbs[current];
  const others = thumbs.filter((thumb) => thumb !== own).toSorted((one, other) => one.picture.worth - other.picture.worth);
  for (const thumb of [...(own === undefined ? [] : [own]), ...others]) {
    const from = left(thumb.picture);
    if (from === null || [...shown.values()].some((taken) => Math.abs(taken - from) < THUMB_PX + GAP_PX)) continue;
    shown.set(thumb, from);
  }
  return shown;
}
