/** The words of configuration and overview, loaded with them; in the desk's language. */
import { language } from '../desk/texts.ts';
import { type AdminKey, adminEn } from '../i18n/admin.en.ts';
import { adminIt } from '../i18n/admin.it.ts';
import { fill, type Language, type Params } from '../i18n/translate.ts';

const DICTIONARIES: Readonly<Record<Language, Readonly<Record<AdminKey, string>>>> = { en: adminEn, it: adminIt };

export const t = (key: AdminKey, params?: Params): string => fill(DICTIONARIES[language.value][key], params);
export type { AdminKey };
export { language };
