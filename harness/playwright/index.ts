/**
 * The public names of `halfopen/playwright`: no logic here. Journeys in a real browser; needs `playwright-core`.
 */
export { journey, type Journey, type JourneyCode, type JourneyContext } from '../run/load/playwright/journey.ts';
