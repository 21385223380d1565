/** VID-8 and VID-1 without a network: when pictures go and come back, and which layer a size takes. */
import { expect, test } from 'vitest';
import { layerFor, priorityOf } from '../../sfu/layers.ts';
import { LinkJudge, type LinkSample } from '../../sfu/linkQuality.ts';

const good: LinkSample = {
  sendKbps: 500,
  receiveKbps: 500,
  sendLossPct: 0,
  receiveLossPct: 0,
  rttMs: 40,
  availableKbps: 2_000,
  hasFewerLayers: false,
  hasNoLayer: false,
};

test('VID-8 levels: loss and round trip make a link fair, missing layers poor', () => {
  const level = (sample: Partial<LinkSample>) => new LinkJudge().judge({ ...good, ...sample }).level;
  expect(level({})).toBe('good');
  expect(level({ rttMs: undefined, availableKbps: undefined })).toBe('good');
  expect(level({ sendLossPct: 4 })).toBe('fair');
  expect(level({ rttMs: 350 })).toBe('fair');
  expect(level({ receiveLossPct: 12 })).toBe('poor');
  expect(level({ hasFewerLayers: true })).toBe('poor');
});

test('VID-8 one bad sample takes nothing away, the second does, and only five good ones give it back', () => {
  const judge = new LinkJudge();
  const lossy = { ...good, receiveLossPct: 20 };
  expect(judge.judge(lossy).isHeldBack).toBe(false);
  expect(judge.judge(good).isHeldBack).toBe(false);
  expect(judge.judge(lossy).isHeldBack).toBe(false);
  expect(judge.judge(lossy)).toEqual({ level: 'bad', isHeldBack: true });
  // A link that is good for a while and then is not begins to count again.
  for (let count = 0; count < 4; count++) expect(judge.judge(good).isHeldBack).toBe(true);
  expect(judge.judge({ ...good, receiveLossPct: 8 }).isHeldBack).toBe(true);
  for (let count = 0; count < 4; count++) expect(judge.judge(good).isHeldBack).toBe(true);
  expect(judge.judge(good)).toEqual({ level: 'good', isHeldBack: false });
});

test('VID-8 a link that carries sound alone loses its pictures without any loss of packets', () => {
  const judge = new LinkJudge();
  judge.judge({ ...good, availableKbps: 60 });
  expect(judge.judge({ ...good, availableKbps: 60 })).toEqual({ level: 'bad', isHeldBack: true });
});

test('VID-8 a picture without any layer is bad when it stays so, not while it begins', () => {
  const judge = new LinkJudge();
  expect(judge.judge({ ...good, hasNoLayer: true }).level).toBe('good');
  expect(judge.judge({ ...good, hasNoLayer: true }).level).toBe('bad');
});

test('VID-1 the lowest layer that looks sharp; a screen comes before every face', () => {
  expect([100, 240, 241, 480, 481, 2_000].map((height) => layerFor(height, 3))).toEqual([0, 0, 1, 1, 2, 2]);
  expect([layerFor(100, 1), layerFor(300, 2), layerFor(700, 2)]).toEqual([0, 0, 1]);
  const face = priorityOf({ isScreen: false, height: 100_000 });
  expect(priorityOf({ isScreen: true, height: 10 })).toBeGreaterThan(face);
  expect([priorityOf({ isScreen: false, height: 0 }), face]).toEqual([1, 150]);
});
