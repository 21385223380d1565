/** VOX-6: what kind of number it is, by the numbering plans. */
import { expect, test } from 'vitest';
import { type NumberType, numberTypes, outboundRules } from '../../queues/config.ts';
import { judgeNumber } from '../../sip/app/numberPlan.ts';

const italy = outboundRules.parse({ homeCountry: 'IT', countries: ['IT', 'GB', 'CZ'] });
const USUAL: readonly NumberType[] = ['local', 'national', 'mobile'];
const reason = (dialled: string, types: readonly NumberType[] = USUAL, rules = italy) => {
  const verdict = judgeNumber(dialled, rules, types);
  return verdict.ok ? verdict.e164 : verdict.reason;
};

test.each([
  ['+39 06 1234567', '+39061234567'],
  ['0039061234567', '+39061234567'],
  ['061234567', '+39061234567'],
  ['+393331234567', '+393331234567'],
  ['+39800123456', '+39800123456'],
])('VOX-6 %s is an ordinary number of the country', (dialled, e164) => expect(reason(dialled)).toBe(e164));

test.each(['+39899123456', '899123456', '+39848123456', '+39199123456'])('VOX-6 %s costs more: only with `premium`', (dialled) => {
  expect(reason(dialled)).toBe('number_type');
  expect(reason(dialled, ['premium'])).toMatch(/^\+39/);
});

test('VOX-6 a listed country abroad needs `international`, and its premium numbers `premium` as well', () => {
  expect(reason('+442079460123')).toBe('number_type');
  expect(reason('+442079460123', ['international'])).toBe('+442079460123');
  expect(reason('+449061234567', ['international'])).toBe('number_type');
  expect(reason('+449061234567', ['premium'])).toBe('number_type');
  expect(reason('+449061234567', ['international', 'premium'])).toBe('+449061234567');
});

test.each(['+12125550123', '+18765230123', '+881612345678', '+390669812345'])('VOX-6 %s is in no country that is listed', (dialled) =>
  expect(reason(dialled, numberTypes)).toBe('country'),
);

test.each([
  '',
  '112',
  '*21#',
  '+39112',
  '+0612345678',
  '+39061234567;ext=1',
  '+39061234567,9',
  '+39061234567x9',
  'tel:+39061234567',
  '+３９061234567',
  '+3906123456789012345',
])('VOX-6 "%s" is no number that is called', (dialled) => expect(reason(dialled, numberTypes)).toBe('no_number'));

test('VOX-6 deny by default: nothing listed, nothing called; without a home country a number needs its +', () => {
  const nothing = outboundRules.parse({});
  expect(reason('+39061234567', numberTypes, nothing)).toBe('country');
  expect(reason('061234567', numberTypes, { ...italy, homeCountry: '' })).toBe('no_number');
  expect(reason('+39061234567', [])).toBe('number_type');
});

test('VOX-6 where a plan does not tell local and mobile numbers apart, either lets them pass', () => {
  const us = outboundRules.parse({ homeCountry: 'US', countries: ['US'] });
  expect(reason('2125550123', ['local'], us)).toBe('+12125550123');
  expect(reason('2125550123', ['mobile'], us)).toBe('+12125550123');
  expect(reason('2125550123', ['premium'], us)).toBe('number_type');
});
