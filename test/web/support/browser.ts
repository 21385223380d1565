/** Chromium for the browser tests: one per test file, closed with it. Every page fails its test when a script on it throws. */
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Widths that every screen is looked at in. */
export const VIEWPORTS = { phone: { width: 375, height: 740 }, desktop: { width: 1366, height: 820 } } as const;

export class TestBrowser {
  readonly #browser: Browser;
  readonly #errors: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<TestBrowser> {
    return new TestBrowser(await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS }));
  }

  /** A browser profile of its own: storage and cookies are shared by its pages only. */
  async profile(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: VIEWPORTS.desktop, locale: 'en-GB', ...options });
    context.setDefaultTimeout(10_000);
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
