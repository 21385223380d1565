/** Keys into a call, by finger or keyboard, in the order in which they are pressed; what was sent stands above. */
import { useRef, useState } from 'preact/hooks';
import { t } from './texts.ts';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;
const SHOWN = 24;

export function Keypad({ onKeys }: { onKeys(keys: string): Promise<boolean> }) {
  const [sent, setSent] = useState('');
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const press = (key: string): void => {
    setSent((before) => (before + key).slice(-SHOWN));
    last.current = last.current.then(() => onKeys(key));
  };
  return (
    <div class="keypad">
      <p class="keypad-sent" role="status">
        <bdi>{sent || t('call.keypad.hint')}</bdi>
      </p>
      <fieldset
        class="keypad-keys"
        onKeyDown={(event) => {
          if (!/^[0-9*#]$/.test(event.key)) return;
          event.preventDefault();
          press(event.key);
        }}
      >
        <legend class="sr-only">{t('call.keypad')}</legend>
        {KEYS.map((key) => (
          <button key={key} type="button" class="keypad-key" onClick={() => press(key)}>
            {key}
          </button>
        ))}
      </fieldset>
    </div>
  );
}
