/** What browser tests stand on: a whole center with the bundles of these sources, a browser, and the doings of visitors and agents in its pages. */
import type { BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { type Center, startCenter } from '../../support/center.ts';
import { TestBrowser } from './browser.ts';
import { webDist } from './webDist.ts';

/** Coding and decoding costs the machine a lot: everything on the page may take longer. */
const VIDEO_PATIENCE_MS = 60_000;

interface StageOptions {
  readonly hasPhones?: boolean;
  readonly hasVideo?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export class WebStage {
  readonly center: Center;
  readonly browser: TestBrowser;
  /** Address of the pages. */
  readonly origin: string;

  readonly #visitors = new Set<BrowserContext>();
  #adminToken: string | undefined;

  private constructor(center: Center, browser: TestBrowser) {
    this.center = center;
    this.browser = browser;
    this.origin = center.gateways[0] ?? '';
  }

  /** `hasVideo`: with media workers. `hasPhones`: with a SIP edge, phone media and a SIP application. `env`: settings beyond. */
  static async open({ hasPhones = false, hasVideo = false, env = {} }: StageOptions = {}): Promise<WebStage> {
    const phones = hasPhones ? { edges: 1, rtps: 1, sips: 1 } : {};
    const video = hasVideo ? { sfus: 1 } : {};
    const center = await startCenter({ ...phones, ...video, env: { WEB_DIST: await webDist(), ...env } });
    const stage = new WebStage(center, await TestBrowser.start(hasVideo ? VIDEO_PATIENCE_MS : undefined));
    await stage.#raiseCapacities();
    return stage;
  }

  /** Tests leave conversations behind; the agents shall not be full because of them. */
  async #raiseCapacities(): Promise<void> {
    const { items } = (await this.asAdmin('GET', '/users')) as { items: { id: string; version: number }[] };
    for (const { id, version } of items) await this.asAdmin('PATCH', `/users/${id}`, { capacity: 100, version });
  }

  /** A request to the API by the demo account's administrator. */
  async asAdmin(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    this.#adminToken ??= await this.#signInAsAdmin();
    return this.#send(method, path, body, this.#adminToken);
  }

  async #signInAsAdmin(): Promise<string> {
    const { signIns } = await this.center.demo();
    const [admin] = signIns;
    const { token } = await this.#send('POST', '/auth/sign-in', { email: admin?.email, password: admin?.password, transport: 'token' });
    return String(token);
  }

  async #send(method: string, path: string, body?: object, token = ''): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.origin}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    const text = await answer.text();
    return (text ? JSON.parse(text) : {}) as Record<string, unknown>;
  }

  /** After each test: what visitors left open would only cost time. */
  async closeVisitors(): Promise<void> {
    for (const profile of this.#visitors) await profile.close();
    this.#visitors.clear();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.center.close();
  }

  /** A page with the widget open on its home screen. A new person unless a profile is given. */
  async visitor(options: { profile?: BrowserContext; path?: string; context?: BrowserContextOptions } = {}): Promise<VisitorPage> {
    const profile = options.profile ?? (await this.browser.profile(options.context));
    this.#visitors.add(profile);
    const page = await this.browser.page(profile);
    await page.goto(`${this.origin}${options.path ?? '/demo'}`);
    const visitor = new VisitorPage(page, profile);
    await visitor.launcher.waitFor();
    return visitor;
  }

  /** The desk of one of the demo account's agents, signed in to the queues. */
  async agent(name: 'anna' | 'marco', options: { context?: BrowserContextOptions } = {}): Promise<DeskPage> {
    const desk = await this.desk(name, options);
    await desk.goToWork();
    return desk;
  }

  /** The desk of one of the demo account's people; giulia administrates and supervises. */
  async desk(name: 'anna' | 'marco' | 'giulia', options: { context?: BrowserContextOptions; place?: string } = {}): Promise<DeskPage> {
    const profile = await this.browser.profile(options.context);
    const page = await this.browser.page(profile);
    const { signIns } = await this.center.demo();
    const signIn = signIns.find(({ email }) => email.startsWith(`${name}@`));
    if (!signIn) throw new Error(`the demo account has no ${name}`);
    await page.goto(`${this.origin}/desk${options.place ?? ''}`);
    await page.fill('input[type=email]', signIn.email);
    await page.fill('input[type=password]', signIn.password);
    await page.click('button[type=submit]');
    await page.locator('.rail').waitFor();
    return new DeskPage(page, profile);
  }

  /** Somebody who waits in a queue, without a browser of their own. @returns the interaction's id */
  async caller(queueId: string, name: string, more: object = {}): Promise<string> {
    const key = `test-${crypto.randomUUID()}`.slice(0, 40);
    const made = await this.asAdmin('POST', '/interactions', { queueId, key, contact: { name }, text: `${name} has a question`, ...more });
    return String(made.id);
  }

  /** GRP-5, APP-10, VID-3: what the demo's group says about video; what is left out stays. */
  async videoRules(change: object): Promise<void> {
    const { items } = (await this.asAdmin('GET', '/groups')) as { items: { id: string; publicId: string; version: number }[] };
    const group = items.find(({ publicId }) => publicId === 'demo');
    await this.asAdmin('PATCH', `/groups/${group?.id}`, { video: change, version: group?.version });
  }

  /** A queue with these settings that anna and marco serve and giulia supervises. */
  async queue(name: string, settings: object = {}): Promise<{ id: string; version: number }> {
    const queue = (await this.asAdmin('POST', '/queues', { name, ...settings })) as { id: string; version: number };
    const { items } = (await this.asAdmin('GET', '/users')) as { items: { id: string; email: string }[] };
    for (const { id, email } of items) {
      const roles = [email.startsWith('giulia@') ? 'supervisor' : 'agent'];
      await this.asAdmin('PUT', `/queues/${queue.id}/members/${id}`, { roles });
    }
    return queue;
  }
}

export class VisitorPage {
  readonly page: Page;
  readonly profile: BrowserContext;

  constructor(page: Page, profile: BrowserContext) {
    this.page = page;
    this.profile = profile;
  }

  get launcher(): Locator {
    return this.page.locator('.launcher');
  }

  get composer(): Locator {
    return this.page.locator('.composer textarea');
  }

  bubble(text: string): Locator {
    return this.page.locator('.panel .bubble', { hasText: text });
  }

  async openPanel(): Promise<void> {
    await this.launcher.click();
    await this.page.locator('.start-card').waitFor();
  }

  /** From the closed widget to a conversation with this first message, known to the server. */
  async begin(text: string): Promise<void> {
    await this.openPanel();
    await this.page.locator('.start-card').click();
    await this.write(text);
    await this.page.locator('.group.mine .receipt').waitFor();
  }

  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }
}

export class DeskPage {
  readonly page: Page;
  readonly profile: BrowserContext;

  constructor(page: Page, profile: BrowserContext) {
    this.page = page;
    this.profile = profile;
  }

  get composer(): Locator {
    return this.page.locator('.pane .composer textarea');
  }

  bubble(text: string): Locator {
    return this.page.locator('.pane .bubble', { hasText: text });
  }

  row(text: string): Locator {
    return this.page.locator('.conversation-row', { hasText: text });
  }

  async goToWork(): Promise<void> {
    await this.page.locator('.status-button').waitFor();
    if ((await this.page.locator('.status-words').textContent())?.startsWith('Available')) return;
    await this.page.locator('.status-button').click();
    await this.page.getByRole('menuitem', { name: 'Sign in to all queues' }).click();
    await this.page.locator('.status-words', { hasText: 'Available' }).waitFor();
  }

  async showList(name: 'Mine' | 'Without agent' | 'All'): Promise<void> {
    await this.page.locator('.rail-item', { hasText: name }).click();
  }

  /** Opens the untaken conversation whose last message is this. */
  async openWaiting(text: string): Promise<void> {
    await this.showList('Without agent');
    await this.row(text).click();
    await this.bubble(text).waitFor();
  }

  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** Takes the conversation by replying, and sees it arrive. */
  async takeByReply(text: string, reply: string): Promise<void> {
    await this.openWaiting(text);
    await this.write(reply);
    await this.page.locator('.pane .receipt').waitFor();
  }
}
