/** A part of a form under a heading, and the list of parts beside it. */
import type { ComponentChildren } from 'preact';

export function Section({ id, title, hint, children }: { id: string; title: string; hint?: string; children: ComponentChildren }) {
  return (
    <section class="form-section" id={id} aria-labelledby={`${id}-title`}>
      <h4 id={`${id}-title`} tabIndex={-1}>
        {title}
      </h4>
      {hint && <p class="section-hint">{hint}</p>}
      {children}
    </section>
  );
}

export interface SectionLink {
  readonly id: string;
  readonly title: string;
  /** Something in it is wrong. */
  readonly isWrong: boolean;
}

export function SectionNav({ label, sections }: { label: string; sections: readonly SectionLink[] }) {
  const show = (id: string) => {
    document.getElementById(id)?.scrollIntoView({ block: 'start', behavior: 'smooth' });
    document.getElementById(`${id}-title`)?.focus({ preventScroll: true });
  };
  return (
    <nav class="section-nav" aria-label={label}>
      <ul>
        {sections.map(({ id, title, isWrong }) => (
          <li key={id}>
            <button type="button" class={isWrong ? 'is-wrong' : ''} onClick={() => show(id)}>
              {title}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
