/** A button with a menu under it. Arrow keys move, Escape and Tab close it and give the focus back, a press elsewhere closes it. Widget and desk use it. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface MenuButtonProps {
  readonly class: string;
  /** Name of the menu; of the button too, unless its face has words. */
  readonly label: string;
  readonly isFaceNamed?: boolean;
  readonly menuClass?: string;
  onOpen?(): void;
  /** What the button shows. */
  readonly face: ComponentChildren;
  /** The items; `close` gives the focus back and comes before what the item does. */
  children(close: () => void): ComponentChildren;
}

export function MenuButton({ class: name, label, isFaceNamed = false, menuClass = '', onOpen, face, children }: MenuButtonProps) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  // Before the next key can come, so that a fast hand finds the menu ready.
  useLayoutEffect(() => {
    if (!isOpen) return;
    menu.current?.querySelector('button')?.focus();
    const root = menu.current?.getRootNode();
    const away = (event: Event) => {
      const target = event.target as Node;
      if (!menu.current?.contains(target) && !button.current?.contains(target)) setOpen(false);
    };
    root?.addEventListener('pointerdown', away);
    return () => root?.removeEventListener('pointerdown', away);
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(menu.current?.querySelectorAll('button') ?? [])];
    const at = items.indexOf(event.target as HTMLButtonElement);
    if (event.key === 'Escape' || event.key === 'Tab') close();
    else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(at - 1 + items.length) % items.length]?.focus();
    else if (event.key === 'Home') items[0]?.focus();
    else if (event.key === 'End') items.at(-1)?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div class="menu-place">
      <button
        type="button"
        ref={button}
        class={name}
        aria-label={isFaceNamed ? undefined : label}
        title={isFaceNamed ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => {
          if (!isOpen) onOpen?.();
          setOpen(!isOpen);
        }}
      >
        {face}
      </button>
      {isOpen && (
        <div class={`menu ${menuClass}`} role="menu" aria-label={label} ref={menu} onKeyDown={onKeyDown}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
