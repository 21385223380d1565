/** A command that the engine refused, on its way to the error reply. */
import type { Outcome, Refused } from '../../queues/engine.ts';
import { AppError } from '../base/errors.ts';

export class CommandRefused extends AppError {
  override name = 'CommandRefused';
  /** Who was first, for `already_taken`. */
  readonly owner: string | undefined;

  constructor({ code, detail, owner }: Refused) {
    super(code, detail === undefined ? {} : { detail });
    this.owner = owner;
  }
}

/** The value of an outcome. @throws CommandRefused */
export function settled<Value>(outcome: Outcome<Value>): { readonly ok: true } & Value {
  if (!outcome.ok) throw new CommandRefused(outcome);
  return outcome;
}
