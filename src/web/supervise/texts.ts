/** The words of overview and explanation, loaded with them; in the desk's language. */
import { language } from '../desk/texts.ts';
import { type SuperviseKey, superviseEn } from '../i18n/supervise.en.ts';
import { superviseIt } from '../i18n/supervise.it.ts';
import { fill, type Language, type Params } from '../i18n/translate.ts';

const DICTIONARIES: Readonly<Record<Language, Readonly<Record<SuperviseKey, string>>>> = { en: superviseEn, it: superviseIt };

export const t = (key: SuperviseKey, params?: Params): string => fill(DICTIONARIES[language.value][key], params);
/** For codes that the server may add to: undefined when we have no words for one. */
export const tIfKnown = (key: string, params?: Params): string | undefined =>
  key in superviseEn ? t(key as SuperviseKey, params) : undefined;
export { language };
