/** How screens are looked at: in light and dark, on a phone and a desktop, by axe and by the size of what is pressed. */
import axe from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { VIEWPORTS } from './browser.ts';

export const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  (['phone', 'desktop'] as const).map((size) => ({ colorScheme, size })),
);

export function lookOf(colorScheme: 'light' | 'dark', size: keyof typeof VIEWPORTS): BrowserContextOptions {
  const isPhone = size === 'phone';
  return { colorScheme, viewport: VIEWPORTS[size], hasTouch: isPhone, isMobile: isPhone, reducedMotion: 'reduce' };
}

/** axe finds nothing wrong. */
export async function check(page: Page, screen: string, within = 'html'): Promise<void> {
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== 'running'));
  // Evaluated by the test's own channel: the page's policy forbids foreign scripts.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async (selector) => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(selector, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary ?? ''}`).join(' | ')}`,
    );
  }, within);
  expect(found, `axe on ${screen}`).toEqual([]);
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
