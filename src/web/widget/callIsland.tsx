/**
 * Entry of /widget-call.js, loaded by the widget when there is a call: draws it into an element of the widget's shadow root and says how much room it
 * wants. Has its own copy of the framework, so nothing of the first bundle had to be shaped for it.
 */
import { effect, signal } from '@preact/signals';
import { render } from 'preact';
import { Call } from '../video/Call.tsx';
import callCss from '../video/call.css?inline';
import { isInRoom, mayFail } from '../video/callState.ts';
import checkCss from '../video/check.css?inline';
import { takeKeptCall } from '../video/keptCall.ts';
import { RoomClient } from '../video/roomClient.ts';
import { createVideoTexts, VideoTextsProvider } from '../video/texts.ts';
import { whyNoVideo } from '../video/whyNoVideo.ts';
import type { CallHost, CallIsland, CallLook } from './calls.ts';

export function mountCall(place: HTMLElement, host: CallHost): CallIsland {
  dress(place);
  const texts = createVideoTexts(host.language, host.texts);
  const isSmall = signal(false);
  const isPanelOpen = signal(true);
  const why = signal('');
  const client = new RoomClient({
    interaction: host.interaction,
    side: 'customer',
    rules: () => host.rules,
    ask: host.ask,
  });
  const stops = [
    effect(() => host.onLook(lookOf(client, isSmall.value || !isPanelOpen.value))),
    effect(() => {
      const state = client.state.value;
      if (mayFail(state)) void whyNoVideo(host.origin, texts).then((text) => (why.value = text));
      // The next call begins large.
      if (!isInRoom(state)) isSmall.value = false;
    }),
  ];
  const App = () => (
    <VideoTextsProvider value={texts}>
      <Call
        client={client}
        isSmall={isSmall.value || !isPanelOpen.value}
        partner={host.partner()}
        policy={host.rules.policy}
        canFullScreen={host.rules.canFullScreen}
        why={why.value}
        onSmall={isPanelOpen.value ? (small) => (isSmall.value = small) : undefined}
      />
    </VideoTextsProvider>
  );
  render(<App />, place);
  let isFirst = true;
  return {
    takeRoom(room) {
      client.takeRoom(room);
      const kept = isFirst && room.state !== 'ended' ? takeKeptCall(host.interaction) : undefined;
      isFirst = false;
      if (kept) client.resume(kept);
    },
    takeSignal: (heard) => client.takeSignal(heard),
    takeReconnect: () => client.takeReconnect(),
    takePanel(isOpen) {
      isPanelOpen.value = isOpen;
      if (!isOpen && client.state.peek().name === 'checking') client.cancel();
    },
    begin: (kind) => client.begin(kind),
    get isIdle() {
      const { name } = client.state.peek();
      return name === 'idle' || name === 'left';
    },
    close() {
      for (const stop of stops) stop();
      client.close();
      render(null, place);
    },
  };
}

function lookOf(client: RoomClient, isSmall: boolean): CallLook {
  const state = client.state.value;
  if (state.name === 'idle') return client.isOpen.value ? 'card' : 'none';
  if (state.name === 'asking' || state.name === 'left') return 'card';
  return isSmall && isInRoom(state) ? 'small' : 'whole';
}

let isDressed = false;
function dress(place: HTMLElement): void {
  const root = place.getRootNode();
  if (isDressed || !(root instanceof ShadowRoot)) return;
  isDressed = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(callCss + checkCss);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
