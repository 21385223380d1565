/** VID-8 and VID-1 without a network: when pictures go and come back, and which layer a size takes. */
import { expect, test } from 'vitest';
import { layerFor, priorityOf } from '../../sfu/layers.ts';
import { LinkJudge, type LinkSample } from '../../sfu/linkQuality.ts';

const good: LinkSample = {
  sendKbps: 500,
  receiveKbps: 500,
  sendLossPct: 0,
  receiveLossPct: 0,
  report: '',
  rttMs: 40,
  availableKbps: 2_000,
  look: undefined,
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

let reports = 0;
/** A sample with a report of its own. */
const lossy = (receiveLossPct: number): LinkSample => ({ ...good, receiveLossPct, report: String(++reports) });

/** What is allowed after each. */
const allowances = (judge: LinkJudge, samples: readonly LinkSample[]) => samples.map((sample) => judge.judge(sample).allowance);

test('VID-8 one report of loss takes nothing away, however often it is looked at; the second does; three samples without loss bring pictures back, two reports without it all layers', () => {
  const judge = new LinkJudge();
  const once = lossy(20);
  expect(allowances(judge, [once, once, once, lossy(0), lossy(20)])).toEqual(Array(5).fill('all'));
  expect(judge.judge(lossy(20))).toEqual({ level: 'bad', allowance: 'none' });
  // A link that is good for a while and then is not begins to count again.
  expect(allowances(judge, [...Array(2).fill(good), lossy(8), ...Array(2).fill(good)])).toEqual(Array(5).fill('none'));
  expect(judge.judge(good)).toEqual({ level: 'poor', allowance: 'lowest' });
  expect(judge.judge(lossy(0))).toEqual({ level: 'poor', allowance: 'lowest' });
  // What was reported once is no second sign that all is well either.
  expect(judge.judge({ ...lossy(0), report: String(reports - 1) })).toEqual({ level: 'poor', allowance: 'lowest' });
  expect(judge.judge(lossy(0))).toEqual({ level: 'good', allowance: 'all' });
});

test('VID-8 a link that carries sound alone loses its pictures without any loss of packets, when it stays so', () => {
  const judge = new LinkJudge();
  const narrow = { ...good, availableKbps: 60 };
  expect(allowances(judge, [...Array(4).fill(narrow), good, ...Array(4).fill(narrow)])).toEqual(Array(9).fill('all'));
  expect(judge.judge(narrow)).toEqual({ level: 'bad', allowance: 'none' });
});

test('VID-8 pictures are tried again though the estimate, which stands still without them, says no; each try that fails doubles the wait', () => {
  const judge = new LinkJudge();
  const narrow = { ...good, availableKbps: 60 };
  const lasting = (allowance: string): number => {
    let samples = 0;
    while (judge.judge(narrow).allowance === allowance) samples++;
    return samples;
  };
  const waits = ['all', 'none', 'lowest', 'none', 'lowest', 'none', 'lowest', 'none', 'lowest', 'none'].map(lasting);
  // The sample that ends one state is the first of the next.
  expect(waits).toEqual([4, 2, 4, 5, 4, 11, 4, 23, 4, 29]);
  expect(judge.judge(lossy(0)).allowance).toBe('lowest');
  expect(judge.judge(lossy(0)).allowance).toBe('all');
  for (let sample = 0; sample < 5; sample++) judge.judge(narrow);
  expect(lasting('none')).toBe(2);
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
