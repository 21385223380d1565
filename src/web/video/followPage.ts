/**
 * What happens to the page and its network that a call must know of (VID-7). Begun by `RoomClient`, ended by what it returns.
 */
export interface PagePorts {
  /** It goes: a reload that comes back, or a tab that is closed. */
  onHide(): void;
  /** Shown again as it was left, without being loaded. */
  onBack(): void;
  /** There is a network again, or another one. */
  onNetwork(): void;
}

/** @returns what ends it */
export function followPage({ onHide, onBack, onNetwork }: PagePorts): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  const onShow = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) onBack();
  };
  addEventListener('pagehide', onHide, { signal });
  addEventListener('pageshow', onShow, { signal });
  addEventListener('online', onNetwork, { signal });
  const { connection } = navigator as { connection?: EventTarget };
  connection?.addEventListener('change', onNetwork, { signal });
  return () => stopping.abort();
}
