/** Texts by language. Each dictionary is typed by the English one, so a missing or unknown key does not compile. */
import { signal } from '@preact/signals';

export const LANGUAGES = ['en', 'it'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Params = Readonly<Record<string, string | number>>;

const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ur']);

/** The nearest language that we have texts for. */
export function nearestLanguage(wanted: string): Language {
  const base = wanted.toLowerCase().split('-')[0];
  return LANGUAGES.find((language) => language === base) ?? 'en';
}

export const directionOf = (language: string): 'rtl' | 'ltr' =>
  RIGHT_TO_LEFT.has(language.toLowerCase().split('-')[0] ?? '') ? 'rtl' : 'ltr';

export function fill(text: string, params: Params = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** A translator whose language may be switched; components that use it are drawn again. */
export function createTranslator<Key extends string>(
  dictionaries: Readonly<Record<Language, Readonly<Record<Key, string>>>>,
  initial: Language,
) {
  const language = signal<Language>(initial);
  return {
    language,
    t: (key: Key, params?: Params): string => fill(dictionaries[language.value][key], params),
  };
}
