/**
 * What kind of number was dialled, and whether it may be called (VOX-6). Pure; by the numbering plans of libphonenumber. Deny by default: a number that no plan
 * knows, a country that is not listed and a kind that is not listed are refused. Short numbers (emergency too) are in no plan of the world: they do not pass.
 */
import { type NumberType as PlanType, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { NumberType, OutboundRules } from '../../queues/config.ts';

export type NumberRefusal = 'no_number' | 'country' | 'number_type';
export type NumberVerdict = { readonly ok: true; readonly e164: string } | { readonly ok: false; readonly reason: NumberRefusal };

/** What the plans call it → which of our types lets it pass; where a plan does not tell two apart, either does. */
const AT_HOME: Readonly<Record<Exclude<PlanType, undefined>, readonly NumberType[]>> = {
  FIXED_LINE: ['local'],
  FIXED_LINE_OR_MOBILE: ['local', 'mobile'],
  MOBILE: ['mobile'],
  TOLL_FREE: ['national'],
  UAN: ['national'],
  VOIP: ['national'],
  VOICEMAIL: ['national'],
  PREMIUM_RATE: ['premium'],
  SHARED_COST: ['premium'],
  PERSONAL_NUMBER: ['premium'],
  PAGER: ['premium'],
};

/** `types`: those that count for this call; `rules.types` are not asked. `00` is read as `+`. */
export function judgeNumber(dialled: string, { homeCountry, countries }: OutboundRules, types: readonly NumberType[]): NumberVerdict {
  const plain = dialled.replaceAll(/[\s().-]/g, '').replace(/^00/, '+');
  if (!/^(?:\+[1-9][0-9]{5,14}|[0-9]{3,15})$/.test(plain)) return { ok: false, reason: 'no_number' };
  if (!plain.startsWith('+') && homeCountry === '') return { ok: false, reason: 'no_number' };
  const parsed = parsePhoneNumberFromString(plain, homeCountry === '' ? {} : { defaultCountry: homeCountry as never });
  if (!parsed?.isValid()) return { ok: false, reason: 'no_number' };
  // Numbers of no country (satellites, +883, +979 …) have none.
  const { country, number: e164 } = parsed;
  if (country === undefined || !countries.includes(country)) return { ok: false, reason: 'country' };
  const kind = parsed.getType();
  if (kind === undefined) return { ok: false, reason: 'number_type' };
  const atHome = AT_HOME[kind];
  const isDear = atHome.includes('premium') && !types.includes('premium');
  const isAllowed = country === homeCountry ? atHome.some((type) => types.includes(type)) : types.includes('international') && !isDear;
  return isAllowed ? { ok: true, e164 } : { ok: false, reason: 'number_type' };
}
