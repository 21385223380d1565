/** Switches the desk's language at once. Each language is named in itself. */
import type { Language } from '../i18n/translate.ts';
import { Icon } from '../ui/Icon.tsx';
import { language, switchLanguage, t } from './texts.ts';

const NAMES: Readonly<Record<Language, string>> = { en: 'English', it: 'Italiano' };

export function LanguageChoice() {
  return (
    <label class="language">
      <Icon name="globe" size={18} />
      <span class="sr-only">{t('profile.language')}</span>
      <select value={language.value} onChange={(event) => switchLanguage(event.currentTarget.value as Language)}>
        {Object.entries(NAMES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
