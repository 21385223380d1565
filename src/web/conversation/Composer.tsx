/** Where a message is written: grows with its text, sends with Enter (Shift+Enter: new line), takes files by button, drop and paste. */
import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { MESSAGE_MAX_CHARS } from '../../protocol/limits.ts';
import { Icon } from '../ui/Icon.tsx';
import { useTexts } from '../ui/Texts.tsx';
import { EMOJI } from './emoji.ts';
import { UploadList } from './UploadList.tsx';
import type { Uploads } from './uploads.ts';

export interface ComposerProps {
  readonly draft: Signal<string>;
  readonly placeholder: string;
  onSend(text: string): void;
  onTyping(text: string): void;
  /** Absent: no files here. */
  readonly uploads?: Uploads | undefined;
  readonly isNote?: boolean;
  readonly hasFocusAtFirst?: boolean;
  /** More tools beside the emoji. */
  readonly tools?: ComponentChildren;
}

/** Below this many left, the rest is counted. */
const COUNT_FROM_LEFT = 200;

export function Composer({ draft, placeholder, onSend, onTyping, uploads, isNote = false, hasFocusAtFirst = false, tools }: ComposerProps) {
  const { t } = useTexts();
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [isEmojiOpen, setEmojiOpen] = useState(false);
  const text = draft.value;
  const left = MESSAGE_MAX_CHARS - text.trim().length;
  const canSend = text.trim() !== '' && left >= 0;

  useLayoutEffect(() => {
    const box = area.current;
    if (!box) return;
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight, 140)}px`;
  }, [text]);
  useEffect(() => {
    if (hasFocusAtFirst) area.current?.focus({ preventScroll: true });
  }, []);

  const write = (value: string) => {
    draft.value = value;
    onTyping(value);
  };
  const send = () => {
    if (!canSend) return;
    onSend(text.trim());
    draft.value = '';
    area.current?.focus();
  };
  const insert = (emoji: string) => {
    const box = area.current;
    const at = box?.selectionStart ?? text.length;
    write(text.slice(0, at) + emoji + text.slice(box?.selectionEnd ?? at));
    setEmojiOpen(false);
    box?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (!uploads || !event.clipboardData?.files.length) return;
    event.preventDefault();
    uploads.add(event.clipboardData.files);
  };

  return (
    <div class={isNote ? 'composer is-note' : 'composer'}>
      {uploads && <UploadList uploads={uploads} />}
      {isEmojiOpen && <EmojiPicker onChoose={insert} onClose={() => setEmojiOpen(false)} />}
      <div class="composer-box">
        <textarea
          ref={area}
          rows={1}
          value={text}
          placeholder={placeholder}
          aria-label={placeholder}
          dir="auto"
          enterkeyhint="send"
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <div class="composer-tools">
          {uploads && (
            <>
              <input
                ref={picker}
                type="file"
                multiple
                hidden
                onChange={(event) => {
                  uploads.add(event.currentTarget.files ?? []);
                  event.currentTarget.value = '';
                }}
              />
              <button
                type="button"
                class="icon-button"
                aria-label={t('attach')}
                title={t('attach')}
                onClick={() => picker.current?.click()}
              >
                <Icon name="attach" />
              </button>
            </>
          )}
          <button
            type="button"
            class="icon-button"
            aria-label={t('emoji')}
            title={t('emoji')}
            aria-expanded={isEmojiOpen}
            onClick={() => setEmojiOpen(!isEmojiOpen)}
          >
            <Icon name="smile" />
          </button>
          {tools}
          <span class="composer-count" role="status">
            {left < COUNT_FROM_LEFT ? (left < 0 ? t('error.tooLong', { count: MESSAGE_MAX_CHARS }) : left) : ''}
          </span>
          <button type="button" class="icon-button send" aria-label={t('send')} title={t('send')} aria-disabled={!canSend} onClick={send}>
            <Icon name="send" />
          </button>
        </div>
      </div>
    </div>
  );
}

function EmojiPicker({ onChoose, onClose }: { onChoose(emoji: string): void; onClose(): void }) {
  const { t } = useTexts();
  const grid = useRef<HTMLDivElement>(null);
  useEffect(() => grid.current?.querySelector('button')?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      onClose();
      return;
    }
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...(grid.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a grid of buttons, not a part of a form
    <div class="emoji-grid" role="group" aria-label={t('emoji')} ref={grid} onKeyDown={onKeyDown}>
      {EMOJI.map((emoji, index) => (
        <button key={emoji} type="button" tabIndex={index === 0 ? 0 : -1} onClick={() => onChoose(emoji)}>
          {emoji}
        </button>
      ))}
    </div>
  );
}
