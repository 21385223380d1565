/** A menu under three dots. Arrow keys move, Escape and Tab close it, focus returns to the button. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from '../ui/Icon.tsx';

export interface MenuItem {
  readonly icon: IconName;
  readonly text: string;
  act(): void;
}

export function MoreMenu({ label, items }: { label: string; items: readonly (MenuItem | false)[] }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    menu.current?.querySelector('button')?.focus();
    const away = (event: Event) => {
      const target = event.target as Node;
      if (!menu.current?.contains(target) && !button.current?.contains(target)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(menu.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    if (event.key === 'Escape' || event.key === 'Tab') close();
    else if (event.key === 'ArrowDown') buttons[(at + 1) % buttons.length]?.focus();
    else if (event.key === 'ArrowUp') buttons[(at - 1 + buttons.length) % buttons.length]?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div class="menu-place">
      <button type="button" ref={button} class="icon-button" aria-label={label} title={label} aria-haspopup="menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}><Icon name="more" /></button>
      {isOpen && (
        <div class="menu" role="menu" aria-label={label} ref={menu} onKeyDown={onKeyDown}>
          {items.map((item) => item && (
            <button key={item.text} type="button" role="menuitem" onClick={() => {
              close();
              item.act();
            }}><Icon name={item.icon} size={18} />{item.text}</button>
          ))}
        </div>
      )}
    </div>
  );
}
