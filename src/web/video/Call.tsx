/** A call as one sees it, in whatever state it is. Widget and desk put it where they have room; `isSmall` leaves one picture and the way back. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { AskCard } from './AskCard.tsx';
import { CallControls } from './CallControls.tsx';
import { CallStage } from './CallStage.tsx';
import { DeviceCheck } from './DeviceCheck.tsx';
import { LeftCard } from './LeftCard.tsx';
import { WatchingProvider } from './Picture.tsx';
import { nameOf, type Partner } from './partner.ts';
import { QualityMark } from './QualityMark.tsx';
import { RunningCard } from './RunningCard.tsx';
import type { RoomClient } from './roomClient.ts';
import { Sounds } from './Sounds.tsx';
import { problemKey, useVideoTexts, type VideoTexts } from './texts.ts';
import { Watching } from './watching.ts';

export interface CallProps {
  readonly client: RoomClient;
  readonly isSmall: boolean;
  readonly partner: Partner;
  /** To agree to (VID-3); empty: none. */
  readonly policy: string;
  readonly canFullScreen: boolean;
  /** Why video cannot be had just now, in words; empty: nothing is known to be wrong. */
  readonly why: string;
  /** Between the call and the chat. Absent: both are seen anyway. */
  onSmall?: ((isSmall: boolean) => void) | undefined;
}

export function Call(props: CallProps) {
  const { client } = props;
  const state = client.state.value;
  switch (state.name) {
    case 'idle':
      return client.isOpen.value ? <RunningCard client={client} /> : null;
    case 'asking':
      return (
        <AskCard client={client} policy={props.policy} asker={client.room.value?.startedBy.name || props.partner.name} why={props.why} />
      );
    case 'checking':
      return <DeviceCheck client={client} why={props.why} />;
    case 'joining':
    case 'joined':
    case 'rejoining':
      return <Running {...props} />;
    case 'left':
      return <LeftCard client={client} because={state.because} why={props.why} />;
  }
}

function Running({ client, isSmall, partner, canFullScreen, onSmall }: CallProps) {
  const texts = useVideoTexts();
  const { t } = texts;
  const place = useRef<HTMLElement>(null);
  const [isFull, setFull] = useState(false);
  const watching = useMemo(() => new Watching((looks) => client.watch(looks)), [client]);
  useEffect(() => () => watching.close(), [watching]);
  useEffect(() => {
    const look = () => setFull(place.current !== null && fullElementOf(place.current) === place.current);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  // The control that led here is gone; in the corner the call must not take the keys from the chat.
  useEffect(() => {
    if (!isSmall) place.current?.focus({ preventScroll: true });
  }, [isSmall]);
  const canFull = canFullScreen && document.fullscreenEnabled;
  const onFull = () => {
    if (isFull) void document.exitFullscreen();
    else void place.current?.requestFullscreen().catch((error: unknown) => console.debug('centralino: no full screen', error));
  };
  const own = client.links.value.find(({ peer }) => peer === client.peer);
  const status = statusText(client, partner, texts);
  const problem = client.problem.value;
  const { openedAt } = client.room.value ?? {};
  return (
    <section
      class={`call${isSmall ? ' is-small' : ''}${isFull ? ' is-full' : ''}`}
      aria-label={t(client.kind.value === 'audio' ? 'region.audio' : 'region')}
      tabIndex={-1}
      ref={place}
    >
      <WatchingProvider value={watching}>
        <div class="call-top">
          {onSmall && !isFull && (
            <button
              type="button"
              class="call-chip"
              aria-label={t(isSmall ? 'do.return' : 'do.chat')}
              title={t(isSmall ? 'do.return' : 'do.chat')}
              onClick={() => onSmall(!isSmall)}
            >
              <Icon name={isSmall ? 'expand' : 'chat'} size={18} />
              {!isSmall && <span>{t('do.chat')}</span>}
            </button>
          )}
          <p class="call-status" role="status">
            {status}
          </p>
          {openedAt !== undefined && !isSmall && (
            <span class="call-time" role="timer" aria-label={t('state.clock', { time: lastingClock(openedAt, now.value) })}>
              {lastingClock(openedAt, now.value)}
            </span>
          )}
          {own && client.side === 'agent' && !isSmall && <QualityMark link={own} name={t('peer.you')} hasWords />}
        </div>
        <CallStage client={client} isSmall={isSmall} partner={partner} hasLinks={client.side === 'agent'} />
        {client.own.local.screen.value.name === 'on' && !isSmall && (
          <p class="call-sharing">
            <Icon name="monitor" size={16} />
            {t('peer.ownScreen')}
          </p>
        )}
        {problem !== undefined && !isSmall && (
          <p class="call-problem" role="alert">
            {t(problemKey(problem))}
            <button type="button" class="icon-button small" aria-label={t('dismiss')} onClick={() => (client.problem.value = undefined)}>
              <Icon name="close" size={16} />
            </button>
          </p>
        )}
        <Sounds client={client} />
        <Comings client={client} partner={partner} />
        {isSmall ? (
          <SmallControls client={client} />
        ) : (
          <CallControls client={client} isFull={isFull} onFull={canFull ? onFull : undefined} />
        )}
      </WatchingProvider>
    </section>
  );
}

function SmallControls({ client }: { client: RoomClient }) {
  const { t } = useVideoTexts();
  const isVoiceOn = client.own.local.microphone.value.name === 'on' && !client.own.isMuted.value;
  return (
    <div class="call-controls">
      {client.own.elements.value.microphone !== 'forbidden' && (
        <button
          type="button"
          class={isVoiceOn ? 'call-control' : 'call-control is-off'}
          aria-label={t(isVoiceOn ? 'do.mute' : 'do.unmute')}
          title={t(isVoiceOn ? 'do.mute' : 'do.unmute')}
          onClick={() => client.own.toggleMicrophone()}
        >
          <Icon name={isVoiceOn ? 'mic' : 'micOff'} size={18} />
        </button>
      )}
      <button
        type="button"
        class="call-control is-danger"
        aria-label={t('do.hangUp')}
        title={t('do.hangUp')}
        onClick={() =>
          void (client.side === 'agent' && client.others.value.some(({ role }) => role === 'agent') ? client.leave() : client.hangUp())
        }
      >
        <Icon name="hangUp" size={18} />
      </button>
    </div>
  );
}

/** Says to those who do not see it who came and went. */
function Comings({ client, partner }: { client: RoomClient; partner: Partner }) {
  const texts = useVideoTexts();
  const { t } = texts;
  const before = useRef<ReadonlyMap<string, string>>(undefined);
  const [text, setText] = useState('');
  const present = new Map(client.others.value.map((peer) => [peer.id, `${peer.state} ${nameOf(peer, partner, texts)}`]));
  const seen = [...present].join();
  useEffect(() => {
    const known = before.current;
    before.current = present;
    if (!known) return;
    const toldName = (line: string) => line.slice(line.indexOf(' ') + 1);
    for (const [id, line] of present) {
      if (known.get(id) === line) continue;
      setText(t(line.startsWith('away') ? 'peer.away' : 'peer.joined', { name: toldName(line) }));
    }
    for (const [id, line] of known) if (!present.has(id)) setText(t('peer.left', { name: toldName(line) }));
  }, [seen]);
  return (
    <p class="sr-only" role="status">
      {text}
    </p>
  );
}

function statusText(client: RoomClient, partner: Partner, { t }: VideoTexts): string {
  const { name } = client.state.value;
  const link = client.mediaLink.value;
  if (name === 'rejoining' || link === 'down') return t('state.rejoining');
  if (name === 'joining' || link === 'coming') return t('state.joining');
  if (client.others.value.length > 0) return '';
  if (client.room.value?.state === 'open') return t('state.alone');
  return partner.name ? t('state.waiting', { name: partner.name }) : t('state.waiting.someone');
}

function lastingClock(since: number, until: number): string {
  const sec = Math.max(0, Math.floor((until - since) / 1_000));
  const [hours, minutes] = [Math.floor(sec / 3_600), Math.floor(sec / 60) % 60];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(sec % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** Inside a shadow root the document names only its host. */
function fullElementOf(element: Element): Element | null {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.fullscreenElement : document.fullscreenElement;
}
