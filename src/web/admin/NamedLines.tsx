/**
 * A short list of named things that are added, renamed and deleted in place: skills, pause reasons. What the server refuses (a name that exists, in
 * whatever case) is said at the line it is about, and what was typed stays.
 */
import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { Problem } from '../desk/api.ts';
import { Icon } from '../ui/Icon.tsx';
import { FieldError } from './form/FieldFrame.tsx';
import { problemText } from './problems.ts';
import { type AdminKey, t } from './texts.ts';

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface NamedLinesProps<Item extends Named> {
  readonly items: readonly Item[];
  readonly maxLength: number;
  readonly addLabel: string;
  /** Our words for the conflict that a name makes. */
  readonly taken: AdminKey;
  add(name: string): Promise<void>;
  rename(item: Item, name: string): Promise<void>;
  /** Asks first where it should. */
  remove(item: Item): Promise<void>;
  /** Somebody else changed or deleted a line meanwhile: shows how it is now. */
  reload(): void;
  /** What stands beside the name. */
  extra?(item: Item, attempt: Attempt): ComponentChildren;
}
/** Runs a change; its failure is said at the line. @returns whether it happened */
export type Attempt = (act: () => Promise<void>) => Promise<boolean>;

export function NamedLines<Item extends Named>(props: NamedLinesProps<Item>) {
  return (
    <>
      <ul class="admin-list named-list">
        {props.items.map((item) => (
          <NamedLine key={item.id} item={item} {...props} />
        ))}
      </ul>
      <NewLine {...props} />
    </>
  );
}

function NamedLine<Item extends Named>({ item, maxLength, taken, rename, remove, reload, extra }: NamedLinesProps<Item> & { item: Item }) {
  const [typed, setTyped] = useState<string>();
  const { error, attempt, forget } = useAttempt(taken, reload);
  const id = useId();
  const done = async () => {
    const name = typed?.trim();
    if (name === undefined) return;
    if (name === '' || name === item.name) {
      setTyped(undefined);
      forget();
    } else if (await attempt(() => rename(item, name))) setTyped(undefined);
  };
  return (
    <li>
      <div class="admin-row named-line">
        <input
          class="input name-input"
          aria-label={t('named.name', { name: item.name })}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? id : undefined}
          value={typed ?? item.name}
          maxLength={maxLength}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onBlur={() => void done()}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.currentTarget.blur();
            if (event.key !== 'Escape') return;
            setTyped(undefined);
            forget();
          }}
        />
        {extra?.(item, attempt)}
        <button
          type="button"
          class="icon-button"
          aria-label={t('remove', { name: item.name })}
          title={t('remove', { name: item.name })}
          onClick={() => void attempt(() => remove(item))}
        >
          <Icon name="trash" size={18} />
        </button>
      </div>
      <FieldError id={id} text={error} />
    </li>
  );
}

function NewLine<Item extends Named>({ addLabel, maxLength, taken, add, reload }: NamedLinesProps<Item>) {
  const [name, setName] = useState('');
  const { error, attempt, forget } = useAttempt(taken, reload);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (name.trim() === '' || !(await attempt(() => add(name.trim())))) return;
    setName('');
    input.current?.focus();
  };
  return (
    <form class="new-line" onSubmit={(event) => void submit(event)} noValidate>
      <div class="new-line-row">
        <input
          ref={input}
          class="input"
          aria-label={addLabel}
          placeholder={addLabel}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? id : undefined}
          value={name}
          maxLength={maxLength}
          autocomplete="off"
          onInput={(event) => {
            setName(event.currentTarget.value);
            forget();
          }}
        />
        <button type="submit" class="button primary" disabled={name.trim() === ''}>
          <Icon name="plus" size={18} />
          {t('add')}
        </button>
      </div>
      <FieldError id={id} text={error} />
    </form>
  );
}

function useAttempt(taken: AdminKey, reload: () => void) {
  const [error, setError] = useState<string>();
  const attempt: Attempt = async (act) => {
    try {
      await act();
      setError(undefined);
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setError(wordsOf(problem, taken));
      if (isOutdated(problem)) reload();
      return false;
    }
  };
  return { error, attempt, forget: () => setError(undefined) };
}

const isOutdated = ({ code, detail }: Problem): boolean => code === 'not_found' || (code === 'conflict' && /version/.test(detail));

/** A changed version and a name that exists are both conflicts; only the second says which field. */
function wordsOf(problem: Problem, taken: AdminKey): string {
  const field = problem.fields.get('name');
  if (problem.code === 'conflict' && !isOutdated(problem)) return t(taken);
  if (isOutdated(problem)) return t(problem.code === 'conflict' ? 'problem.conflict' : 'problem.notFound');
  return field ?? problemText(problem);
}
