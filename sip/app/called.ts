/**
 * Which number an INVITE is for, in the ways that networks write it. Pure. A provider that we sign in to calls our Contact, whose user part names the trunk; the number then
 * stands in P-Called-Party-ID (RFC 7315 4.2), in To, or is the one that the trunk shows. From a trunk a number of the world may come with `+`, with `00`, bare, or as at home.
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { TrunkDoc } from '../../queues/phones.ts';
import { userOf } from '../flows/caller.ts';
import type { SipMessage } from './srf.ts';

const DIALLED = /^\+?[0-9*#]{1,32}$/;
/** E.164 without its plus: a country code never begins with 0. */
const BARE = /^[1-9][0-9]{6,14}$/;

export const isNumber = (text: string): boolean => DIALLED.test(text);

/** Texts in which the number may stand, the most telling first; none: nobody's number was called. */
export function calledTexts(
  request: SipMessage & { readonly uri: string },
  trunk?: Pick<TrunkDoc, 'type' | 'callerId'>,
): readonly string[] {
  const dialled = userOf(request.uri);
  // Behind the address of another trunk stand phones, too, which call colleagues by name.
  if (isNumber(dialled) || trunk?.type !== 'provider') return [dialled].filter(isNumber);
  const named = [request.get('P-Called-Party-ID'), request.get('To')].map((header) => userOf(header ?? ''));
  return [...new Set([...named, trunk.callerId])].filter(isNumber);
}

/** How a number that came in this form may be written in the configuration, the form itself first. `homeCountry`: of the account whose trunk brought it. */
export function formsOf(text: string, homeCountry?: string): readonly string[] {
  const international = text.replace(/^00(?=[1-9])/, '+');
  const forms = [text, international];
  if (homeCountry !== undefined && BARE.test(text)) forms.push(`+${text}`);
  if (homeCountry && !text.startsWith('+')) {
    const parsed = parsePhoneNumberFromString(text, { defaultCountry: homeCountry as never });
    if (parsed?.isValid()) forms.push(parsed.number);
  }
  return [...new Set(forms)];
}
