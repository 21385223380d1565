/**
 * Chromium for the browser tests: one per test file, closed with it. Every page fails its test when a script on it throws.
 * The headless shell goes first: the same engine without the windows that nobody sees, at a third of the processor time.
 */

import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findProgram } from '../../../src/supervisor/serverProcess.ts';

const PROGRAMS = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--use-fake-ui-for-media-stream',
  // Few pictures a second: what is shown by them costs the machine less.
  '--use-fake-device-for-media-stream=device-count=2,fps=10',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Widths that every screen is looked at in. */
export const VIEWPORTS = { phone: { width: 375, height: 740 }, desktop: { width: 1366, height: 820 } } as const;

export class TestBrowser {
  readonly #browser: Browser;
  readonly #patienceMs: number;
  readonly #errors: string[] = [];

  private constructor(browser: Browser, patienceMs: number) {
    this.#browser = browser;
    this.#patienceMs = patienceMs;
  }

  /** `patienceMs`: how long a page may take for what a test waits for. */
  static async start(patienceMs = 10_000): Promise<TestBrowser> {
    const executablePath = process.env.CHROMIUM ?? PROGRAMS.map((name) => findProgram(name)).find((file) => file !== undefined);
    if (!executablePath) throw new Error(`no browser is installed: none of ${PROGRAMS.join(', ')} is on PATH`);
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    return new TestBrowser(browser, patienceMs);
  }

  /** A browser profile of its own: storage and cookies are shared by its pages only. */
  async profile(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: VIEWPORTS.desktop, locale: 'en-GB', ...options });
    context.setDefaultTimeout(this.#patienceMs);
    return context;
  }

  async page(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => this.#errors.push(`${page.url()}: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) this.#errors.push(`${page.url()}: ${message.text()}`);
    });
    return page;
  }

  /** What scripts threw and policies blocked since the last call. */
  takeErrors(): string[] {
    return this.#errors.splice(0);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
