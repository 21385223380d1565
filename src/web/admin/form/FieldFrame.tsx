/** What stands around every control of a form: its name, a hint, and what is wrong with it, tied to it for screen readers. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Icon } from '../../ui/Icon.tsx';

export interface FieldTexts {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
}

/** Attributes that tie a control to its frame. */
export interface FieldTies {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean | undefined;
}

export interface FieldFrameProps extends FieldTexts {
  /** A group of controls is named by a legend, one control by a label. */
  readonly isGroup?: boolean;
  readonly class?: string;
  children(ties: FieldTies): ComponentChildren;
}

export function FieldFrame({ label, hint, error, isGroup = false, class: name = '', children }: FieldFrameProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  const ties = { id, 'aria-describedby': described, 'aria-invalid': error ? true : undefined };
  const below = (
    <>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <FieldError id={`${id}-error`} text={error} />
    </>
  );
  const frame = `field admin-field ${name} ${error ? 'is-wrong' : ''}`;
  return isGroup ? (
    <fieldset class={frame} aria-describedby={described}>
      <legend>{label}</legend>
      {children(ties)}
      {below}
    </fieldset>
  ) : (
    <div class={frame}>
      <label for={id}>{label}</label>
      {children(ties)}
      {below}
    </div>
  );
}

export function FieldError({ id, text }: { id?: string; text: string | undefined }) {
  if (!text) return null;
  return (
    <p class="field-error" id={id} role="alert">
      <Icon name="alert" size={16} />
      {text}
    </p>
  );
}
