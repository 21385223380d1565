/** Video calls in the pages of visitors and agents: the way in, and whether what is seen moves and what is heard sounds. */
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { until } from '../../support/services.ts';
import type { DeskPage, VisitorPage, WebStage } from './stage.ts';

/** As patient as pages of video are: joining, DTLS and the first key frame on a machine that does other things too. */
export const SOON_MS = 120_000;
const soon = { timeout: SOON_MS };

/** A conversation that anna has taken, with the visitor's page on it. */
export async function talking(
  stage: WebStage,
  desk: DeskPage,
  question: string,
  options: Parameters<WebStage['visitor']>[0] = {},
): Promise<VisitorPage> {
  const visitor = await stage.visitor(options);
  await visitor.begin(question);
  await desk.takeByReply(question, `About: ${question}`);
  await visitor.bubble(`About: ${question}`).waitFor();
  return visitor;
}

/** From the look at the devices into the room. */
export async function enter(page: Page): Promise<void> {
  await page.locator('.call-check .button.primary').click(soon);
  await page.locator('.call').waitFor(soon);
}

/** The agent invites, the visitor accepts; both are in the room. */
export async function callVisitor(desk: DeskPage, visitor: VisitorPage, kind: 'video' | 'audio' = 'video'): Promise<void> {
  await beginAtDesk(desk, kind);
  await enter(desk.page);
  await visitor.page.locator('.ask-card').getByRole('button', { name: 'Accept' }).click(soon);
  await enter(visitor.page);
}

export async function beginAtDesk(desk: DeskPage, kind: 'video' | 'audio' = 'video'): Promise<void> {
  const header = desk.page.locator('.pane-header');
  if (kind === 'video') await header.getByRole('button', { name: 'Video call' }).click(soon);
  else {
    await header.getByRole('button', { name: 'More actions' }).click();
    await desk.page.getByRole('menuitem', { name: 'Audio call' }).click();
  }
}

/** Pictures of the others. */
export const pictures = (page: Page, source: 'camera' | 'screen' = 'camera'): Locator =>
  page.locator(`.call video[data-source="${source}"]:not([data-peer="own"])`);
export const sounds = (page: Page): Locator => page.locator('.call audio');

/** The decoded picture is not black, and changes. */
export async function seesMoving(picture: Locator): Promise<void> {
  const seen = new Set<number>();
  const isMoving = async (): Promise<boolean> => {
    const { light, sum } = await look(picture);
    if (light > 8) seen.add(sum);
    return seen.size > 3;
  };
  // A look costs the page about as much as the picture itself, which changes ten times a second.
  await until(isMoving, { timeoutMs: SOON_MS, everyMs: 100, what: 'a picture that moves' });
}

export async function look(picture: Locator): Promise<{ light: number; sum: number; width: number }> {
  return picture.evaluate(
    (element: HTMLVideoElement) => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [64, 48];
      const context = canvas.getContext('2d');
      if (!context || element.videoWidth === 0) return { light: 0, sum: 0, width: 0 };
      context.drawImage(element, 0, 0, 64, 48);
      const { data } = context.getImageData(0, 0, 64, 48);
      let [light, sum] = [0, 0];
      for (let at = 0; at < data.length; at += 4) {
        const value = (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0);
        light += value / 3;
        sum = (sum * 31 + (value >> 4)) % 1_000_000_007;
      }
      return { light: light / (data.length / 4), sum, width: element.videoWidth };
    },
    undefined,
    soon,
  );
}

/** How loud it got within a while, or until it was as loud as `enough`; the fake microphone beeps about once a second. */
async function loudness(sound: Locator, enough: number): Promise<number> {
  return sound.evaluate(
    async (element: HTMLAudioElement, loud) => {
      const { srcObject } = element;
      // It is on the page a moment before it has what it plays: neither loud nor silent.
      if (!(srcObject instanceof MediaStream)) return Number.NaN;
      const context = new AudioContext();
      await context.resume();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(srcObject).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      let most = 0;
      for (let round = 0; round < 60 && most <= loud; round++) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        analyser.getFloatTimeDomainData(samples);
        for (const sample of samples) most = Math.max(most, Math.abs(sample));
      }
      await context.close();
      return most;
    },
    enough,
    soon,
  );
}

const AUDIBLE = 0.02;
export const hears = (sound: Locator): Promise<unknown> =>
  until(async () => (await loudness(sound, AUDIBLE)) > AUDIBLE, { timeoutMs: SOON_MS, what: 'the tone' });
export const hearsNothing = (sound: Locator): Promise<unknown> =>
  until(async () => (await loudness(sound, AUDIBLE)) < 0.005, { timeoutMs: SOON_MS, what: 'silence' });

export interface Reached {
  readonly name: string;
  /** The focus is drawn around it. */
  readonly isMarked: boolean;
  /** The smaller side, in CSS pixels. */
  readonly size: number;
}

/** Every control of the call that the Tab key reaches, in its order. */
export async function tabThrough(page: Page): Promise<Reached[]> {
  const reached: Reached[] = [];
  await page.locator('.call').focus();
  for (;;) {
    await page.keyboard.press('Tab');
    const next = await page.evaluate(() => {
      let focused = document.activeElement;
      while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
      if (!focused?.closest('.call')) return undefined;
      const { width, height } = focused.getBoundingClientRect();
      const { boxShadow } = getComputedStyle(focused);
      return { name: focused.getAttribute('aria-label') ?? '', isMarked: boxShadow !== 'none', size: Math.min(width, height) };
    });
    if (!next) return reached;
    reached.push(next);
  }
}

/** The page's connections may only go through a TURN server; `relayed` tells which of them do. */
export async function onlyRelayed(profile: BrowserContext): Promise<void> {
  await profile.addInitScript(() => {
    const made: RTCPeerConnection[] = [];
    const { RTCPeerConnection: Own } = window;
    class Relayed extends Own {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: 'relay' });
        made.push(this);
      }
    }
    Object.assign(window, { RTCPeerConnection: Relayed, made });
  });
}

/** Kinds of the local candidates in use, of each connection that is up. */
export function candidatesInUse(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { made } = window as unknown as { made: RTCPeerConnection[] };
    const used: string[] = [];
    for (const connection of made) {
      const stats = await connection.getStats();
      const byId = new Map<string, Record<string, string>>();
      stats.forEach((one) => {
        byId.set(one.id, one);
      });
      for (const { type, selectedCandidatePairId = '' } of byId.values()) {
        const local = type === 'transport' ? byId.get(byId.get(selectedCandidatePairId)?.['localCandidateId'] ?? '') : undefined;
        if (local?.['candidateType']) used.push(local['candidateType']);
      }
    }
    return used;
  });
}

/** So many others have a place in the call. */
export const inRoom = (page: Page, others: number): Promise<unknown> =>
  until(async () => (await page.locator('.call .stage-people .tile').count()) === others, {
    timeoutMs: SOON_MS,
    what: `${others} others in the call`,
  });

export async function invite(desk: DeskPage, colleague: string): Promise<void> {
  await desk.page.locator('.pane-header').getByRole('button', { name: 'More actions' }).click();
  await desk.page.getByRole('menuitem', { name: 'Invite a colleague' }).click();
  await desk.page.getByRole('dialog').locator('.agent', { hasText: colleague }).click();
  await desk.page.getByRole('dialog').waitFor({ state: 'detached' });
}
