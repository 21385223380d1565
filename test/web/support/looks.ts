/** How screens are looked at: in light and dark, on a phone and a desktop, by axe and by the size of what is pressed. */
import axe from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { VIEWPORTS } from './browser.ts';

/** Each screen is looked at on both; what colours there are is looked at on each of them. */
export const SIZES = ['phone', 'desktop'] as const;
const COLOR_SCHEMES = ['light', 'dark'] as const;

export function lookOf(size: (typeof SIZES)[number]): BrowserContextOptions {
  const isPhone = size === 'phone';
  return { viewport: VIEWPORTS[size], hasTouch: isPhone, isMobile: isPhone, reducedMotion: 'reduce' };
}

/** axe finds nothing wrong, in light and in dark. Which of them it is concerns the styles alone, so a screen need not be gone to twice. */
export async function check(page: Page, screen: string, within = 'html'): Promise<void> {
  for (const colorScheme of COLOR_SCHEMES) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction(isStill);
    expect(await violationsOn(page, within), `axe on ${screen}, ${colorScheme}`).toEqual([]);
  }
}

/** In the page: no colour is on its way to another any more, within the widget either; what turns for ever does not count. */
function isStill(): boolean {
  const animations = (root: Document | ShadowRoot): Animation[] => [
    ...root.getAnimations(),
    ...[...root.querySelectorAll('*')].flatMap(({ shadowRoot }) => (shadowRoot ? animations(shadowRoot) : [])),
  ];
  return animations(document).every(
    ({ playState, effect }) => playState !== 'running' || effect?.getComputedTiming().endTime === Number.POSITIVE_INFINITY,
  );
}

async function violationsOn(page: Page, within: string): Promise<string[]> {
  // Evaluated by the test's own channel: the page's policy forbids foreign scripts.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  return page.evaluate(async (selector) => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(selector, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      resultTypes: ['violations'],
    });
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary ?? ''}`).join(' | ')}`,
    );
  }, within);
}

/** On a phone everything to press is at least 44 pixels high or wide enough around it; links within text are excepted. */
export async function checkTargets(page: Page): Promise<void> {
  const small = await page.evaluate(() => {
    const root = document.querySelector('centralino-widget')?.shadowRoot ?? document;
    return [...root.querySelectorAll('button, select, input:not([type=file]), textarea')].flatMap((element) => {
      // A box or circle inside its label is pressed anywhere on it.
      const target = element.matches('[type=checkbox], [type=radio]') ? (element.closest('label') ?? element) : element;
      const { width, height } = target.getBoundingClientRect();
      const isSmall = width > 0 && (width < 43.5 || height < 43.5) && !element.matches('.emoji-grid button');
      return isSmall ? [`${element.className || element.tagName} ${Math.round(width)}×${Math.round(height)}`] : [];
    });
  });
  expect(small).toEqual([]);
}
