/** The widget as a whole: the round button, and the panel above it. Escape closes; focus goes into the panel and comes back. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../ui/Icon.tsx';
import { TextsProvider } from '../ui/Texts.tsx';
import { isSquare, sideOf } from './appearance.ts';
import { ChatScreen } from './ChatScreen.tsx';
import { keepFocus } from './focus.ts';
import { HomeScreen } from './HomeScreen.tsx';
import { StateProvider, type WidgetState } from './state.ts';
import { NEW } from './visitor.ts';

export function Widget({ state, place }: { state: WidgetState; place: number }) {
  const { visitor, texts } = state;
  const isOpen = state.isOpen.value;
  const launcher = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const callPlace = useRef<HTMLDivElement>(null);
  useEffect(() => (callPlace.current ? state.calls.start(callPlace.current) : undefined), []);
  const look = state.calls.look.value;
  const wasOpen = useRef(false);
  useLayoutEffect(() => {
    if (isOpen) keepFocus(panel.current);
    if (!isOpen && wasOpen.current) launcher.current?.focus({ preventScroll: true });
    wasOpen.current = isOpen;
  }, [isOpen]);
  // A control that had the focus may go with its screen: the panel takes the focus, so that keys still arrive here.
  useLayoutEffect(() => {
    if (isOpen) keepFocus(panel.current);
  }, [state.screen.value]);
  // As with a call that is over.
  useLayoutEffect(() => {
    if (isOpen && look === 'none') keepFocus(panel.current);
  }, [look]);
  // On a phone the panel fills the screen: the page behind must not scroll.
  useEffect(() => {
    if (!isOpen || !matchMedia('(max-width: 480px)').matches) return;
    const before = document.documentElement.style.overflow;
    document.documentElement.style.overflow = 'hidden';
    return () => {
      document.documentElement.style.overflow = before;
    };
  }, [isOpen]);
  const unread = visitor.unread.value;
  const label = isOpen ? texts.t('close') : unread > 0 ? texts.t('open.unread', { count: unread }) : texts.t('open');
  const onKeyDown = (event: KeyboardEvent) => {
    // The page's own shortcuts are not for what is typed here.
    event.stopPropagation();
    if (event.key === 'Escape' && !event.defaultPrevented) state.isOpen.value = false;
  };
  const known = state.screen.value === NEW || visitor.find(state.screen.value ?? '');
  return (
    <StateProvider value={state}>
      <TextsProvider value={texts}>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: hears the keys of all the controls inside, is none itself */}
        <div
          class={`root side-${sideOf(visitor.options, visitor.group)} place-${Math.min(place, 3)}${isOpen ? ' is-open' : ''}`}
          dir={texts.direction}
          lang={texts.language}
          onKeyDown={onKeyDown}
        >
          {isOpen && (
            <div
              class="panel"
              role="dialog"
              aria-label={texts.t('panel', { company: visitor.group.name })}
              tabIndex={-1}
              inert={look === 'whole'}
              ref={panel}
            >
              {state.screen.value !== undefined && known ? <ChatScreen key={state.screen.value} id={state.screen.value} /> : <HomeScreen />}
            </div>
          )}
          <div class={`call-place is-${look}`} ref={callPlace} />
          <button
            type="button"
            ref={launcher}
            class={`launcher${isSquare(visitor.group) ? ' is-square' : ''}`}
            aria-label={label}
            aria-expanded={isOpen}
            onClick={() => (state.isOpen.value = !isOpen)}
          >
            <Icon name={isOpen ? 'down' : 'chat'} size={26} />
            {!isOpen && unread > 0 && (
              <span class="badge" aria-hidden="true">
                {unread > 9 ? '9+' : unread}
              </span>
            )}
          </button>
          <div class="sr-only" role="status">
            {!isOpen && unread > 0 ? texts.t('row.unread', { count: unread }) : ''}
          </div>
        </div>
      </TextsProvider>
    </StateProvider>
  );
}
