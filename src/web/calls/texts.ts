/** The words of the history of calls, loaded with it; in the desk's language. */
import { language } from '../desk/texts.ts';
import { type CallsKey, callsEn } from '../i18n/calls.en.ts';
import { callsIt } from '../i18n/calls.it.ts';
import { fill, type Language, type Params } from '../i18n/translate.ts';

const DICTIONARIES: Readonly<Record<Language, Readonly<Record<CallsKey, string>>>> = { en: callsEn, it: callsIt };

export const t = (key: CallsKey, params?: Params): string => fill(DICTIONARIES[language.value][key], params);
export { language };

/** `0:42`, `12:05`, `1:02:33` */
export function spanText(ms: number): string {
  const sec = Math.round(Math.max(0, ms) / 1_000);
  const [hours, minutes] = [Math.floor(sec / 3_600), Math.floor(sec / 60) % 60];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(sec % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
