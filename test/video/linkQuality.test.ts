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

const free = { leastKbps: 0, mostKbps: 0 };
const tried = { leastKbps: 150, mostKbps: 0 };

let reports = 0;
/** A sample with a report of its own. */
const lossy = (receiveLossPct: number): LinkSample => ({ ...good, receiveLossPct, report: String(++reports) });

/** What is allowed after each. */
const allowances = (judge: LinkJudge, samples: readonly LinkSample[]) => samples.map((sample) => judge.judge(sample).allowance);

test('VID-8 one report of loss takes nothing away, however often it is looked at; the second does; three samples without loss bring pictures back, two reports without it all layers', () => {
  const judge = new LinkJudge();
  const once = lossy(20);
  expect(allowances(judge, [once, once, once, lossy(0), lossy(20)])).toEqual(Array(5).fill('all'));
  expect(judge.judge(lossy(20))).toEqual({ level: 'bad', allowance: 'none', bounds: free });
  // A link that is good for a while and then is not begins to count again.
  expect(allowances(judge, [...Array(2).fill(good), lossy(8), ...Array(2).fill(good)])).toEqual(Array(5).fill('none'));
  expect(judge.judge(good)).toEqual({ level: 'poor', allowance: 'lowest', bounds: tried });
  expect(judge.judge(lossy(0))).toEqual({ level: 'poor', allowance: 'lowest', bounds: tried });
  // What was reported once is no second sign that all is well either.
  expect(judge.judge({ ...lossy(0), report: String(reports - 1) })).toEqual({ level: 'poor', allowance: 'lowest', bounds: tried });
  expect(judge.judge(lossy(0))).toEqual({ level: 'good', allowance: 'all', bounds: free });
});

test('VID-8 a link that carries sound alone loses its pictures without any loss of packets, when it stays so', () => {
  const judge = new LinkJudge();
  const narrow = { ...good, availableKbps: 60 };
  expect(allowances(judge, [...Array(4).fill(narrow), good, ...Array(4).fill(narrow)])).toEqual(Array(9).fill('all'));
  expect(judge.judge(narrow)).toEqual({ level: 'bad', allowance: 'none', bounds: free });
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

/** A sample of a link whose estimate leaves layers out. */
const lacking = (lossPct = 0, layers = 1): LinkSample => ({
  ...good,
  availableKbps: 150,
  hasFewerLayers: true,
  look: { lossPct, isThinned: true, layers },
});
/** What the estimate is kept in after each look. */
const looks = (judge: LinkJudge, ...each: readonly { lossPct?: number; isThinned?: boolean; layers?: number }[]) =>
  each.map(({ lossPct = 0, isThinned = true, layers = 1 }) => judge.look({ lossPct, isThinned, layers }).bounds);
const least = (leastKbps: number) => ({ leastKbps, mostKbps: 0 });
const most = (mostKbps: number) => ({ leastKbps: 0, mostKbps });

test('VID-8 layers that are missing while nothing is lost: five samples, then the estimate is lifted step by step until pictures are whole, and left alone', () => {
  const judge = new LinkJudge();
  const four = (lossPct: number, layers: number) => [1, 2, 3, 4].map(() => judge.judge(lacking(lossPct, layers)).bounds);
  expect(four(0, 1)).toEqual(Array(4).fill(free));
  // Loss makes it begin anew, and so does a layer less; probes that were not sent, which count as lost, do not.
  judge.judge(lacking(11));
  expect(four(9, 2)).toEqual(Array(4).fill(free));
  judge.judge(lacking());
  expect(four(0, 1)).toEqual(Array(4).fill(free));
  expect(judge.judge(lacking()).bounds).toEqual(least(225));
  expect(looks(judge, {}, { layers: 2 }, {}, { layers: 3 })).toEqual([225, 338, 338, 507].map(least));
  expect(judge.judge(lacking()).bounds).toEqual(least(507));
  expect(looks(judge, ...Array(4).fill({ isThinned: false, layers: 9 }))).toEqual([least(507), least(507), least(507), free]);
  expect(judge.isTrying).toBe(false);
});

test('VID-8 steps that bring no layer show nothing of the link: two of them, then it is given up with what was there before', () => {
  const judge = new LinkJudge();
  while (!judge.isTrying) judge.judge(lacking());
  expect(looks(judge, {}, {})).toEqual([225, 338].map(least));
  expect(looks(judge, ...Array(9).fill({}))).toEqual(Array(9).fill(least(338)));
  expect(looks(judge, {})).toEqual([most(225)]);
});

test('VID-8 a link that stays narrow: loss that does not fall ends the lift at the second look, with no more than what it took, and doubles the wait', () => {
  const judge = new LinkJudge();
  const samplesUntilTried = (): number => {
    for (let samples = 1; ; samples++) {
      judge.judge(lacking());
      if (judge.isTrying) return samples;
    }
  };
  const waits = Array.from({ length: 5 }, () => {
    const waited = samplesUntilTried();
    expect(looks(judge, { lossPct: 20 }, { lossPct: 25 })).toEqual([least(225), most(150)]);
    expect(judge.judge(lacking()).bounds).toEqual(free);
    return waited;
  });
  expect(waits).toEqual([5, 10, 20, 30, 30]);
  samplesUntilTried();
  // Loss of before the step falls; 338 were taken, 507 are not.
  expect(looks(judge, { lossPct: 30 }, { lossPct: 20 }, {}, { layers: 2 }, {}, { layers: 3 })).toEqual(
    [225, 225, 225, 338, 338, 507].map(least),
  );
  expect(looks(judge, { lossPct: 40 }, { lossPct: 50 })[1]).toEqual(most(338));
});

test('VID-8 a try of the lowest layer ends within a second on a link that does not take it; four clean looks bring all layers and lift the estimate', () => {
  const judge = new LinkJudge();
  const untilTried = () => {
    while (!judge.isTrying) judge.judge(lacking(40));
  };
  const look = (lossPct: number) => judge.look({ lossPct, isThinned: true, layers: 1 });
  allowances(judge, [lossy(20), lossy(20)]);
  untilTried();
  expect([30, 45].map((lossPct) => look(lossPct).allowance)).toEqual(['lowest', 'lowest']);
  expect(look(50)).toMatchObject({ allowance: 'none', bounds: free });
  untilTried();
  expect([39, 20, 5, 3, 0].map((lossPct) => look(lossPct).allowance)).toEqual(Array(5).fill('lowest'));
  expect(look(0)).toMatchObject({ allowance: 'all', bounds: least(225) });
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
