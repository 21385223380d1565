/** The widget on somebody else's site: another origin, a strict policy, hostile styles, two groups, another language. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type {} from '../../src/web/widget/main.tsx';
import { type DeskPage, VisitorPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let desk: DeskPage;
let site: Server;
let address: string;

/** A page as a site owner may have it: its own rules for everything, and a policy that names our host and nothing else. */
const pageFor = (host: string, direction: string): string => `<!doctype html>
<html lang="it" dir="${direction}"><head><meta charset="utf-8"><title>Sito</title><link rel="stylesheet" href="/hostile.css"></head>
<body><h1 id="own">Il mio sito</h1>
<p><a href="/elsewhere" data-centralino="video" data-centralino-group="demo"><b>In video</b></a>
<button data-centralino="video" data-centralino-group="demo-sales">Vendite in video</button></p>
<script src="${host}/widget.js" data-group="demo" data-name="Carla Neri" async></script>
<script src="${host}/widget.js" data-group="demo-sales" data-side="left" async></script></body></html>`;
const HOSTILE =
  '* { color: rgb(255, 0, 0) !important; font-size: 40px !important; display: block; } button { background: lime !important; transform: rotate(3deg); } body { direction: inherit; }';

beforeAll(async () => {
  stage = await WebStage.open();
  desk = await stage.agent('anna');
  const host = stage.origin;
  const policy = `default-src 'none'; style-src 'self'; script-src ${host}; connect-src ${host} ${host.replace('http', 'ws')}; img-src ${host}`;
  site = createServer((request, response) => {
    if (request.url === '/hostile.css') response.setHeader('content-type', 'text/css').end(HOSTILE);
    else if (request.url === '/favicon.ico') response.writeHead(204).end();
    else
      response
        .setHeader('content-type', 'text/html')
        .setHeader('content-security-policy', policy)
        .end(pageFor(host, request.url === '/rtl' ? 'rtl' : 'ltr'));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
}, 120_000);
afterAll(async () => {
  site?.close();
  await stage?.close();
});
// Holds what the page's policy blocked, too.
afterEach(() => expect(stage.browser.takeErrors()).toEqual([]));

test('WID-1 under a strict policy on another origin: talks, sends a file, tells the page; two groups stand side by side', async () => {
  const profile = await stage.browser.profile();
  const page = await stage.browser.page(profile);
  await page.addInitScript(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    for (const name of ['ready', 'chatOpen', 'chatStart', 'messageReceived'])
      addEventListener(`centralino:${name}`, () => heard.push(name));
  });
  await page.goto(address);
  await expect.poll(() => page.locator('.launcher').count()).toBe(2);
  const boxes = await Promise.all([0, 1].map((index) => page.locator('.launcher').nth(index).boundingBox()));
  expect(Math.abs((boxes[0]?.x ?? 0) - (boxes[1]?.x ?? 0))).toBeGreaterThan(200);
  await page.evaluate(() => window.centralino?.startChat('demo'));
  const visitor = new VisitorPage(page, profile);
  await visitor.page.getByText('Ciao! Come possiamo aiutarti oggi?').waitFor();
  await visitor.write('Scrivo da un altro sito');
  await visitor.page.locator('.receipt').waitFor();
  await desk.takeByReply('Scrivo da un altro sito', 'Benvenuta!');
  await expect.poll(() => desk.page.locator('.pane-title h2').textContent()).toBe('Carla Neri');
  await visitor.bubble('Benvenuta!').waitFor();
  await page
    .locator('.composer input[type=file]')
    .setInputFiles([{ name: 'nota.txt', mimeType: 'text/plain', buffer: Buffer.from('ciao') }]);
  await desk.page.locator('.pane .file', { hasText: 'nota.txt' }).waitFor();
  const heard = await page.evaluate(() => (window as unknown as { heard: string[] }).heard);
  expect(new Set(heard)).toEqual(new Set(['ready', 'chatOpen', 'chatStart', 'messageReceived']));
  await profile.close();
});

test('RTE-6 RTE-8 a queue that deals out offers the conversation: accepted, answered, closed, wrapped up', async () => {
  const profile = await stage.browser.profile();
  const page = await stage.browser.page(profile);
  await page.goto(address);
  await page.locator('.launcher').nth(1).waitFor();
  await page.evaluate(() => window.centralino?.startChat('demo-sales'));
  const visitor = new VisitorPage(page, profile);
  await visitor.write('Vorrei un preventivo');
  const offer = desk.page.locator('.offer', { hasText: 'Vorrei un preventivo' });
  await offer.getByRole('button', { name: 'Accept' }).click();
  await desk.bubble('Vorrei un preventivo').waitFor();
  expect(await offer.count()).toBe(0);
  await desk.write('Volentieri!');
  await visitor.bubble('Volentieri!').waitFor();
  await desk.page.locator('.pane-header').getByRole('button', { name: 'More actions' }).click();
  await desk.page.getByRole('menuitem', { name: 'Close conversation' }).click();
  await desk.page.getByRole('dialog').getByRole('button', { name: 'Close conversation' }).click();
  const wrapUp = desk.page.locator('.wrap-up');
  await wrapUp.getByRole('button', { name: 'One more minute' }).click();
  await wrapUp.getByRole('timer').filter({ hasText: '1:' }).waitFor();
  await wrapUp.getByRole('button', { name: 'End now' }).click();
  await wrapUp.waitFor({ state: 'detached' });
  await visitor.page.getByText('Anna Bianchi ha terminato la conversazione').waitFor();
  await profile.close();
});

test('WID-1 no style leaks in or out', async () => {
  const profile = await stage.browser.profile();
  const page = await stage.browser.page(profile);
  await page.goto(address);
  await page.locator('.launcher').first().waitFor();
  await page.evaluate(() => window.centralino?.open('demo'));
  const card = page.locator('.start-card').first();
  await card.waitFor();
  const inside = await card.evaluate((element) => {
    const { color, fontSize, transform } = getComputedStyle(element);
    return { color, fontSize, transform };
  });
  expect(inside).toEqual({ color: 'rgb(30, 28, 25)', fontSize: '15px', transform: 'none' });
  const outside = await page.locator('#own').evaluate((element) => {
    const { color, fontSize, fontFamily } = getComputedStyle(element);
    return { color, fontSize, isOurs: fontFamily.includes('Roboto') };
  });
  expect(outside).toEqual({ color: 'rgb(255, 0, 0)', fontSize: '40px', isOurs: false });
  await profile.close();
});

test('WID-9 GRP-2 the consent notice with the privacy link and the encryption notice are the group’s own texts, each can be switched off', async () => {
  const { items } = (await stage.asAdmin('GET', '/groups')) as {
    items: { id: string; publicId: string; version: number; texts: object }[];
  };
  const group = items.find(({ publicId }) => publicId === 'demo-sales');
  const texts = { consent: 'Chattando accetti le nostre regole.', encrypted: '-', privacyUrl: 'https://lume.example/privacy' };
  await stage.asAdmin('PATCH', `/groups/${group?.id}`, { texts: { ...group?.texts, it: texts }, version: group?.version });
  const page = await stage.browser.page(await stage.browser.profile());
  const notices = page.locator('.notices');
  await expect
    .poll(
      async () => {
        await page.goto(address);
        await page.locator('.launcher').nth(1).click();
        return notices.innerText();
      },
      { timeout: 15_000 },
    )
    .toContain('Chattando accetti le nostre regole.');
  expect(await notices.getByRole('link').getAttribute('href')).toBe('https://lume.example/privacy');
  expect(await notices.locator('.encrypted').count()).toBe(0);
});

test('WID-4 a link of the page begins a conversation as video; pressed again it shows the same one', async () => {
  const profile = await stage.browser.profile();
  const page = await stage.browser.page(profile);
  await page.addInitScript(() => {
    const started: string[] = [];
    Object.assign(window, { started });
    addEventListener('centralino:chatStart', (event) => started.push((event as CustomEvent<{ conversation: string }>).detail.conversation));
  });
  await page.goto(address);
  await page.locator('.launcher').first().waitFor();
  const link = page.getByText('In video', { exact: true });
  await link.click();
  await link.click();
  const visitor = new VisitorPage(page, profile);
  await visitor.composer.waitFor();
  const started = () => page.evaluate(() => (window as unknown as { started: string[] }).started);
  await expect.poll(async () => (await started()).length).toBe(1);
  expect(new URL(page.url()).pathname).toBe('/');
  await desk.showList('Without agent');
  const waiting = desk.row('Carla Neri').filter({ hasText: 'Video' });
  await waiting.click();
  await desk.write('Eccomi');
  await visitor.bubble('Eccomi').waitFor();
  await page.evaluate(() => window.centralino?.startVideo('demo'));
  await page.evaluate(() => window.centralino?.close('demo'));
  await link.click();
  await visitor.bubble('Eccomi').waitFor();
  expect(await started()).toHaveLength(1);
  // Somebody is there now: the call begins by itself, as far as the look at the devices, and all of it is allowed by the page's policy.
  await page.locator('.ask-agree input').check();
  await page.locator('.ask-card .button.primary').click();
  await page.locator('.call-check video').waitFor();
  await profile.close();
});

test('WID-4 where the group has no video the same link opens a chat', async () => {
  const profile = await stage.browser.profile();
  const page = await stage.browser.page(profile);
  await page.goto(address);
  await page.locator('.launcher').nth(1).waitFor();
  await page.getByRole('button', { name: 'Vendite in video' }).click();
  const visitor = new VisitorPage(page, profile);
  await visitor.write('Allora scrivo');
  await desk.page.locator('.offer', { hasText: 'Allora scrivo' }).waitFor();
  await profile.close();
});
