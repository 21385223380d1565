/** Puts the focus on a place when it is arrived at, because the link that led there is gone: keyboards and screen readers go on from it. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** `where`: changes with every arrival. The element needs `tabIndex={-1}`. */
export function useArrivalFocus(where: string): RefObject<HTMLElement | null> {
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.focus({ preventScroll: true }), [where]);
  return place;
}
