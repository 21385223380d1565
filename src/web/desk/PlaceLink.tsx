/** A link to a place in the desk: opens at once, or in a new tab as links do. */
import type { ComponentChildren } from 'preact';
import { go, hashOf, type Place } from './place.ts';

export interface PlaceLinkProps {
  readonly to: Place;
  readonly class?: string;
  /** The page one is on, or the page this leads to is open in a part of it. */
  readonly isHere?: boolean;
  readonly title?: string;
  readonly children: ComponentChildren;
}

export function PlaceLink({ to, class: name, isHere = false, title, children }: PlaceLinkProps) {
  return (
    <a
      href={hashOf(to) || location.pathname}
      class={name}
      title={title}
      aria-current={isHere ? 'page' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
