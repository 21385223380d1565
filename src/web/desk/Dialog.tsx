/** A modal dialog on the browser's own element: focus stays inside, Escape closes, focus returns. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from '../ui/Icon.tsx';
import { t } from './texts.ts';

export function Dialog({ title, onClose, children }: { title: string; onClose(): void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const onPointer = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={id} onClose={onClose} onMouseDown={onPointer}>
      <div class="dialog-inner">
        <h2 id={id}>{title}</h2>
        {children}
        <button type="button" class="icon-button dialog-close" aria-label={t('dismiss')} onClick={onClose}>
          <Icon name="close" size={18} />
        </button>
      </div>
    </dialog>
  );
}
