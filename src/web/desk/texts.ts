/** The desk's words, in a language that is switched without reloading and kept in this browser. */
import { type DeskKey, deskEn } from '../i18n/desk.en.ts';
import { deskIt } from '../i18n/desk.it.ts';
import { createTranslator, type Language, nearestLanguage } from '../i18n/translate.ts';

const KEY = 'centralino:language';
const translator = createTranslator<DeskKey>({ en: deskEn, it: deskIt }, nearestLanguage(localStorage.getItem(KEY) ?? navigator.language));

export const { t, language } = translator;
document.documentElement.lang = language.value;

export function switchLanguage(next: Language): void {
  localStorage.setItem(KEY, next);
  document.documentElement.lang = next;
  language.value = next;
}

const ERRORS: Readonly<Record<string, DeskKey>> = {
  already_taken: 'error.takenShort',
  at_capacity: 'error.capacity',
  not_signed_in: 'error.notSignedIn',
  forbidden: 'error.forbidden',
  not_found: 'pane.gone',
  gone: 'error.gone',
  wrong_state: 'error.state',
  conflict: 'error.state',
  outcome_required: 'close.required',
  offer_gone: 'offer.gone',
  offline: 'error.offline',
  unavailable: 'error.offline',
  rate_limited: 'error.rate_limited',
};

/** What a refused command means for the agent. */
export const errorText = (code: string, owner = ''): string => t(ERRORS[code] ?? 'error.other', { owner });
