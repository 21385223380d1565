/** Hands the texts, language and reading direction down to components that widget and desk share. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { SharedKey } from '../i18n/shared.en.ts';
import type { Params } from '../i18n/translate.ts';

export interface SharedTexts {
  t(key: SharedKey, params?: Params): string;
  /** BCP 47, for dates and numbers. */
  readonly language: string;
}

const Context = createContext<SharedTexts | undefined>(undefined);
export const TextsProvider = Context.Provider;

export function useTexts(): SharedTexts {
  const texts = useContext(Context);
  if (!texts) throw new Error('TextsProvider is missing above this component');
  return texts;
}
