/** Whom in the account a phone or a desk dials: a person, by the short number of one of their phones or by its name. All their phones ring. */
import type { Scope } from '../../queues/engine.ts';
import type { UserId } from '../../src/base/ids.ts';
import type { Switchboard } from './switchboard.ts';

export async function colleagueOf({ engine }: Pick<Switchboard, 'engine'>, scope: Scope, dialled: string): Promise<UserId | undefined> {
  const named = await engine.phones.phoneByUsername(dialled);
  const phone = named?.scope.accountId === scope.accountId ? named.doc : await engine.phones.phoneByExtension(scope, dialled);
  return phone?.userId as UserId | undefined;
}
