/**
 * What the page can listen to: `centralino.on('chatStart', …)`, or events named `centralino:chatStart` on `window`, which is the same.
 * No event carries message text.
 */
export interface WidgetEvents {
  ready: { group: string };
  /** A new chat was opened, nothing written yet. */
  chatOpen: { group: string };
  /** The first message was accepted. */
  chatStart: { group: string; conversation: string };
  chatRating: { group: string; conversation: string; value: number };
  messageReceived: { group: string; conversation: string; from: string };
}
export type WidgetEventName = keyof WidgetEvents;

/** Returns a function that ends the listening. */
export function on<Name extends WidgetEventName>(name: Name, listener: (detail: WidgetEvents[Name]) => void): () => void {
  const hear = (event: Event) => listener((event as CustomEvent<WidgetEvents[Name]>).detail);
  addEventListener(`centralino:${name}`, hear);
  return () => removeEventListener(`centralino:${name}`, hear);
}

export function emit<Name extends WidgetEventName>(name: Name, detail: WidgetEvents[Name]): void {
  dispatchEvent(new CustomEvent(`centralino:${name}`, { detail }));
}
