/** The frame of the pages before the desk: brand, one card, language. */
import type { ComponentChildren } from 'preact';
import { LanguageChoice } from './LanguageChoice.tsx';

export function EntryCard({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="entry">
      <p class="entry-brand">
        <BrandMark />
        Centralino
      </p>
      <section class="entry-card" aria-labelledby="entry-title">
        <h1 id="entry-title">{title}</h1>
        {children}
      </section>
      <LanguageChoice />
    </main>
  );
}

export function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 48 48" width="36" height="36" aria-hidden="true">
      <rect width="48" height="48" rx="13" fill="#0c6b5d" />
      <path
        d="M34.5 23.3a10.3 10.3 0 0 1-14.9 9.200L12.8 35l2.5-6.700A10.3 10.3 0 1 1 34.5 23.300Z"
        fill="none"
        stroke="#fff"
        stroke-width="3"
        stroke-linejoin="round"
      />
      <circle cx="20" cy="23.3" r="1.9" fill="#fff" />
      <circle cx="28.4" cy="23.3" r="1.9" fill="#fff" />
    </svg>
  );
}
