/** A labelled input. */
import type { ComponentProps } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

export interface FieldProps {
  readonly label: string;
  readonly type: 'email' | 'password' | 'text' | 'search';
  readonly value: string;
  onInput(value: string): void;
  readonly autocomplete?: 'username' | 'current-password' | 'new-password' | 'one-time-code' | 'off';
  readonly hint?: string;
  readonly isFocused?: boolean;
}

export function Field({ label, type, value, onInput, autocomplete = 'off', hint, isFocused = false }: FieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFocused) input.current?.focus();
  }, []);
  // The typings tell the kinds of input apart by literal, so a kind that is a parameter has to be named as a whole.
  const attributes = {
    id,
    type,
    value,
    autocomplete,
    required: type !== 'search',
    ...(hint && { 'aria-describedby': `${id}-hint` }),
  } as ComponentProps<'input'>;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input {...attributes} ref={input} class="input" onInput={(event) => onInput(event.currentTarget.value)} />
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
