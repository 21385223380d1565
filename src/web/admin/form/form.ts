/**
 * One thing being edited: what the server has, what is in the fields, what is wrong with them. Created by an editor when its resource was loaded.
 * Guarantees: only fields that were changed are sent, with the version they were read at; a change by somebody else meanwhile is shown, never
 * written over unseen; an error stands at its field until that field changes.
 */
import { batch, computed, signal } from '@preact/signals';
import { Problem } from '../../desk/api.ts';
import { fieldText } from '../problems.ts';

export interface Versioned {
  readonly version: number;
}

export interface FormOptions<Values extends object> {
  /** Brings what was entered into the order in which it is kept, before it is sent: errors name places in that order. */
  tidy?(values: Values): Values;
  change(change: Partial<Values>, version: number): Promise<Values & Versioned>;
  /** The resource as it is now, after a conflict. */
  reload(): Promise<Values & Versioned>;
}

/** What somebody else changed since the form was loaded. `both`: of these, what was changed here too. */
export interface Conflict<Values> {
  readonly theirs: Values & Versioned;
  readonly changed: readonly (keyof Values & string)[];
  readonly both: readonly (keyof Values & string)[];
}

export class Form<Values extends object> {
  readonly base = signal<Values & Versioned>({} as Values & Versioned);
  readonly draft = signal<Values>({} as Values);
  readonly errors = signal<ReadonlyMap<string, string>>(new Map());
  /** What went wrong as a whole. */
  readonly problem = signal<Problem | undefined>(undefined);
  readonly conflict = signal<Conflict<Values> | undefined>(undefined);
  readonly isBusy = signal(false);
  /** Counts what was saved, so that it can be told each time. */
  readonly saves = signal(0);
  readonly changed = computed(() => differing(this.base.value, this.draft.value));
  readonly isDirty = computed(() => this.changed.value.length > 0);
  readonly #options: FormOptions<Values>;

  constructor(loaded: Values & Versioned, options: FormOptions<Values>) {
    this.#options = options;
    this.#reset(loaded);
  }

  set<Name extends keyof Values & string>(name: Name, value: Values[Name]): void {
    batch(() => {
      this.draft.value = { ...this.draft.value, [name]: value };
      this.errors.value = new Map([...this.errors.value].filter(([path]) => path !== name && !path.startsWith(`${name}.`)));
    });
  }

  /** What a field's control needs. */
  field<Name extends keyof Values & string>(name: Name) {
    return {
      value: this.draft.value[name],
      error: this.errors.value.get(name),
      onChange: (value: Values[Name]) => this.set(name, value),
    };
  }

  discard(): void {
    this.#reset(this.base.value);
  }

  /** @returns whether it is saved now */
  async save(): Promise<boolean> {
    if (this.isBusy.value) return false;
    if (this.#options.tidy) this.draft.value = this.#options.tidy(this.draft.value);
    const draft = this.draft.value;
    const change: Partial<Values> = {};
    for (const name of this.changed.value) change[name] = draft[name];
    this.isBusy.value = true;
    this.problem.value = undefined;
    try {
      this.#reset(await this.#options.change(change, this.base.value.version));
      this.saves.value++;
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      await this.#refused(error);
      return false;
    } finally {
      this.isBusy.value = false;
    }
  }

  /** After a conflict: goes on from what the others made of it, with the changes made here on top, or without them. */
  settle(isKeepingMine: boolean): void {
    const { conflict } = this;
    if (!conflict.value) return;
    const mine = this.changed.value.map((name) => [name, this.draft.value[name]]);
    this.#reset(conflict.value.theirs);
    if (isKeepingMine) this.draft.value = { ...this.draft.value, ...Object.fromEntries(mine) };
  }

  async #refused(problem: Problem): Promise<void> {
    if (problem.code === 'conflict' && problem.fields.size === 0) {
      const theirs = await this.#options.reload().catch(() => undefined);
      if (theirs && theirs.version !== this.base.value.version) {
        const changed = differing<Values>(this.base.value, theirs).filter((name) => !BOOKKEEPING.has(name));
        this.conflict.value = { theirs, changed, both: changed.filter((name) => this.changed.value.includes(name)) };
        return;
      }
    }
    this.errors.value = new Map([...problem.fields].map(([path, message]) => [path, fieldText(message)]));
    this.problem.value = problem;
  }

  #reset(values: Values & Versioned): void {
    batch(() => {
      this.base.value = values;
      this.draft.value = values;
      this.errors.value = new Map();
      this.problem.value = undefined;
      this.conflict.value = undefined;
    });
  }
}

const BOOKKEEPING: ReadonlySet<string> = new Set(['version', 'updatedAt']);

function differing<Values extends object>(before: Values, after: Values): (keyof Values & string)[] {
  return (Object.keys(after) as (keyof Values & string)[]).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
