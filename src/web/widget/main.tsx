/**
 * Entry of /widget.js: one script tag shows the chat of one group in a shadow root of its own, so no style leaks in or out.
 * What a page's Content-Security-Policy must allow, HOST being where this server lives:
 *   script-src HOST; connect-src HOST wss://HOST; img-src HOST
 * Styles come as constructed sheets and need no permission; nothing is evaluated.
 */
import { render } from 'preact';
import { waitBeforeAttemptMs } from '../socket/backoff.ts';
import { appearanceCss } from './appearance.ts';
import { fetchGroup, optionsOf, type PublicGroup, type WidgetOptions } from './options.ts';
import { listenToPageLinks } from './pageLinks.ts';
import { WidgetState } from './state.ts';
import { createTexts } from './texts.ts';
import { Visitor } from './visitor.ts';
import { Widget } from './Widget.tsx';
import css from './widget.css?inline';
import { emit, on } from './widgetEvents.ts';

/** `window.centralino`. Without a group, the first one of the page is meant. Methods may be called before it is ready. */
export interface CentralinoApi {
  open(group?: string): void;
  close(group?: string): void;
  startChat(group?: string): void;
  /** WID-4: a new conversation that is a video from the beginning. */
  startVideo(group?: string): void;
  readonly on: typeof on;
}

declare global {
  interface Window {
    centralino?: CentralinoApi;
  }
}

const script = document.currentScript;
const widgets = ((globalThis as { centralinoWidgets?: Map<string, Promise<WidgetState | undefined>> }).centralinoWidgets ??= new Map());

function withWidget(group: string | undefined, act: (state: WidgetState) => void): void {
  const wanted = group === undefined ? widgets.values().next().value : widgets.get(group);
  void wanted?.then((state) => state && act(state));
}

/** A server that restarts just now does not cost the page its chat. */
async function groupWhenReachable(options: WidgetOptions): Promise<PublicGroup | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetchGroup(options);
    } catch (error) {
      if (attempt === 0) console.warn('centralino: the chat server cannot be reached, trying again', error);
      await new Promise((resolve) => setTimeout(resolve, waitBeforeAttemptMs(attempt + 2)));
    }
  }
}

async function mount(options: WidgetOptions, place: number): Promise<WidgetState | undefined> {
  const group = await groupWhenReachable(options);
  if (!group) return undefined;
  const state = new WidgetState(new Visitor(options, group), createTexts(options.language, group.texts));
  const host = document.createElement('centralino-widget');
  const root = host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [css, appearanceCss(group)].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  document.body.append(host);
  render(<Widget state={state} place={place} />, root);
  state.visitor.start();
  emit('ready', { group: options.group });
  return state;
}

function begin(options: WidgetOptions): void {
  if (widgets.has(options.group)) return;
  widgets.set(options.group, mount(options, widgets.size));
}

// The first script tag of a page listens for all of them.
if (!window.centralino) listenToPageLinks(() => window.centralino);
window.centralino ??= {
  open: (group) => withWidget(group, (state) => (state.isOpen.value = true)),
  close: (group) => withWidget(group, (state) => (state.isOpen.value = false)),
  startChat: (group) => withWidget(group, (state) => state.startChat()),
  startVideo: (group) => withWidget(group, (state) => state.startVideo()),
  on,
};

const options = script instanceof HTMLScriptElement ? optionsOf(script) : undefined;
if (!options) console.error('centralino: the script tag needs data-group="…"');
else if (document.body) begin(options);
else addEventListener('DOMContentLoaded', () => begin(options));
