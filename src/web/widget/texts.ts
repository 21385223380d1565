/** The widget's words: those of the group where it has some, else our own in the nearest language. */
import { directionOf, fill, type Language, nearestLanguage, type Params } from '../i18n/translate.ts';
import { type WidgetKey, widgetEn } from '../i18n/widget.en.ts';
import { widgetIt } from '../i18n/widget.it.ts';
import type { SharedTexts } from '../ui/Texts.tsx';

const DICTIONARIES: Readonly<Record<Language, Readonly<Record<WidgetKey, string>>>> = { en: widgetEn, it: widgetIt };

export interface WidgetTexts extends SharedTexts {
  t(key: WidgetKey, params?: Params): string;
  readonly direction: 'rtl' | 'ltr';
}

export function createTexts(language: string, own: Readonly<Record<string, string>>): WidgetTexts {
  const dictionary = DICTIONARIES[nearestLanguage(language)];
  return {
    t: (key, params) => fill(own[key] || dictionary[key], params),
    language: isLanguage(language) ? language : 'en',
    direction: directionOf(language),
  };
}

/** A wrong `data-language` must not make every date throw. */
function isLanguage(language: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(language).length > 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
