import type { SuitePayload } from '../payload.ts';
import { goTo, h } from './dom.ts';
import { patternDefs } from './glyphs.ts';
import { overviewPage } from './overview.ts';
import { readRoute, runOf } from './route.ts';
import { scenarioPage } from './scenario.ts';
import { loadRun, loadSuite } from './store.ts';

/** Replaces the plain summary by the page that the address names; on any trouble the summary stays, with the reason above it. */
async function start(): Promise<void> {
  const main = document.getElementById('main');
  if (main === null) return;
  try {
    const suite = await loadSuite();
    document.body.prepend(patternDefs());
    let turn = 0;
    const show = async (): Promise<void> => {
      const mine = ++turn;
      const page = await pageFor(suite);
      if (mine !== turn) return;
      main.replaceChildren(page);
      settle(main);
    };
    addEventListener('hashchange', () => void show().catch(explain));
    await show();
    document.documentElement.dataset['ready'] = 'true';
  } catch (error) {
    explain(error);
  }
}

async function pageFor(suite: SuitePayload): Promise<HTMLElement> {
  const route = readRoute(location.hash);
  if (route.slug === null) return overviewPage(suite);
  const index = runOf(suite.outcome, route.slug);
  if (index === null) return h('p', { class: 'say' }, `This report holds no run named ${route.slug}. `, h('a', { href: '#/' }, 'All runs'));
  return scenarioPage(suite, index, await loadRun(index), route);
}

/** The reader lands on the section that the address names, on the page's top otherwise. */
function settle(main: HTMLElement): void {
  const { section } = readRoute(location.hash);
  const wanted = section === null ? null : document.getElementById(section);
  if (wanted !== null) {
    goTo(wanted);
    return;
  }
  if (document.documentElement.dataset['ready'] !== 'true') return;
  scrollTo(0, 0);
  main.querySelector<HTMLElement>('#title')?.focus({ preventScroll: true });
}

function explain(error: unknown): void {
  const words = error instanceof Error ? error.message : String(error);
  document.getElementById('main')?.prepend(h('p', { class: 'say trouble', role: 'alert' }, `The charts cannot be drawn: ${words}`));
}

void start();
