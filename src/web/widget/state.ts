/** What one widget shows: open or not, which screen. Kept per tab, so that a reload comes back to the same place. */
import { effect, type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { VisitorCalls } from './calls.ts';
import { keep, kept } from './keep.ts';
import type { WidgetTexts } from './texts.ts';
import { NEW, type Visitor } from './visitor.ts';
import { emit } from './widgetEvents.ts';

/** The conversation on screen: its id, NEW for one not yet begun, or undefined for the home screen. */
export type Screen = string | undefined;

export class WidgetState {
  readonly visitor: Visitor;
  readonly texts: WidgetTexts;
  readonly isOpen = signal(false);
  readonly calls: VisitorCalls;
  readonly screen = signal<Screen>(undefined);
  /** Text being written to a conversation. */
  readonly #drafts = new Map<string, Signal<string>>();

  constructor(visitor: Visitor, texts: WidgetTexts) {
    this.visitor = visitor;
    this.texts = texts;
    this.calls = new VisitorCalls(visitor, () => this.isOpen.value);
    const key = `centralino:view:${visitor.options.group}`;
    const [open, screen] = (kept('session', key) ?? '').split(' ');
    this.isOpen.value = visitor.options.isOpen || open === 'open';
    this.screen.value = screen || undefined;
    effect(() => keep('session', key, `${this.isOpen.value ? 'open' : 'closed'} ${this.screen.value ?? ''}`));
    visitor.onStarted = (id) => {
      if (this.screen.value !== NEW) return;
      const unsent = this.draft(NEW);
      this.draft(id).value = unsent.value;
      unsent.value = '';
      this.screen.value = id;
    };
  }

  draft(conversation: string): Signal<string> {
    const draft = this.#drafts.get(conversation) ?? signal('');
    this.#drafts.set(conversation, draft);
    return draft;
  }

  show(conversation: Screen): void {
    this.screen.value = conversation;
  }

  /** Opens an empty conversation, or the one that is going on. */
  startChat(): void {
    this.isOpen.value = true;
    const running = this.visitor.recent.value.find((conversation) => !conversation.isOver.value);
    this.screen.value = running?.id ?? NEW;
    if (!running) emit('chatOpen', { group: this.visitor.options.group });
  }

  /** WID-4: as a video from the beginning. In a conversation that is going on, and where the group has no video, it is the chat. */
  startVideo(): void {
    const { group, recent, options } = this.visitor;
    if (!group.video.isOn || recent.value.some((conversation) => !conversation.isOver.value)) return this.startChat();
    this.isOpen.value = true;
    this.screen.value = NEW;
    emit('chatOpen', { group: options.group });
    // Refused (switched off meanwhile): an empty conversation is on screen, to write to.
    this.visitor.startVideo().catch((error: unknown) => console.warn('centralino: video cannot be started', error));
  }

  startAnother(): void {
    this.screen.value = NEW;
    emit('chatOpen', { group: this.visitor.options.group });
  }
}

const Context = createContext<WidgetState | undefined>(undefined);
export const StateProvider = Context.Provider;

export function useWidget(): WidgetState {
  const state = useContext(Context);
  if (!state) throw new Error('StateProvider is missing above this component');
  return state;
}
