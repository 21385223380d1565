/**
 * What the routes of an account's configured things (queues, groups, skills, numbers, trunks …) do alike: each kind makes one of these and tells it
 * only what is its own. A change runs in the transaction of `changeConfig`, upon the version that was seen and no other, leaves one entry in the audit
 * log, and has the copies for Redis made anew; the answer shows the thing as it stands then, with its version as ETag.
 */
import type { Kysely, Transaction } from 'kysely';
import { type AuditAction, actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { etag, requireVersion, seenVersionOf } from '../api/fields.ts';
import type { RouteRequest, RouteResponse } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import type { AccountId } from '../base/ids.ts';
import { isDuplicate } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { type Changes, changeConfig } from './changeConfig.ts';
import type { EntryKind } from './configEntries.ts';

type Kind = 'account' | 'group' | 'number' | 'pause_reason' | 'phone' | 'queue' | 'skill' | 'sound' | 'trunk';
type Detail = Readonly<Record<string, unknown>>;

/** What is a kind's own. */
interface Description<Row, View> {
  /** Its name in the audit log. */
  readonly kind: Kind;
  /** Of all of them; that of one ends in its id. */
  readonly path: string;
  /** @throws AppError not_found, also for one of another account */
  read(db: Kysely<Tables>, accountId: string, id: string): Promise<Row>;
  /** As the API shows it. */
  view(row: Row, accountId: AccountId): View | Promise<View>;
  /** What an administrator changes of it: the audit log tells which of these differ. */
  settings(row: Row): Detail;
  /** The documents for Redis that say something of it; absent: none. */
  copies?(row: Row, accountId: AccountId): readonly (readonly [EntryKind, string])[];
  /** What the answer `conflict` says, by the unique index that refused the row. */
  readonly duplicates?: Readonly<Record<string, string>>;
}

/** In which a change is made. */
interface Place {
  readonly trx: Transaction<Tables>;
  readonly changes: Changes;
  readonly accountId: AccountId;
  readonly id: string;
}

type Answer<View> = RouteResponse & { readonly body: View };
type Request = Pick<RouteRequest<unknown, unknown, unknown>, 'principal' | 'ip' | 'userAgent' | 'header'>;
/** The account itself is named by nothing but who asks. */
type RequestOfOne = Request & { readonly params: { readonly id: string } | undefined };
type ChangeRequest = RequestOfOne & { readonly body: { readonly version?: number | undefined } };

export function configured<Row extends { readonly version: number }, View>(deps: AccessDeps, described: Description<Row, View>) {
  const { kind, path, read, view, settings, copies, duplicates = {} } = described;

  const touch = ({ changes, accountId }: Place, row: Row): void => {
    for (const [entry, id] of copies?.(row, accountId) ?? []) changes.touch(entry, id);
  };
  const audit = ({ trx, accountId, id }: Place, request: Request, action: AuditAction, detail: Detail): Promise<void> =>
    writeAudit(trx, { accountId, actor: actorOf(request), action, target: { kind, id }, detail });
  const refuseDuplicate = (error: unknown): never => {
    const index = Object.keys(duplicates).find((name) => isDuplicate(error, name));
    if (index === undefined) throw error;
    throw new AppError('conflict', { detail: duplicates[index] ?? '', cause: error });
  };
  const within = <Result>(accountId: AccountId, id: string, work: (place: Place) => Promise<Result>): Promise<Result> =>
    changeConfig(deps, accountId, (trx, changes) => work({ trx, changes, accountId, id })).catch(refuseDuplicate);
  const idOf = (request: RequestOfOne): string => request.params?.id ?? accountOf(request.principal);

  return {
    /** One that `isSeen` refuses is not found. */
    async show(request: RequestOfOne, isSeen: (row: Row) => boolean = () => true): Promise<Answer<View>> {
      const accountId = accountOf(request.principal);
      const row = await read(deps.db, accountId, idOf(request));
      if (!isSeen(row)) throw new AppError('not_found');
      return { status: 200, headers: etag(row.version), body: await view(row, accountId) };
    },

    /** `insert` writes the row and returns what the audit log tells of it. */
    async create(request: Request, id: string, insert: (place: Place) => Promise<Detail>): Promise<Answer<View>> {
      const accountId = accountOf(request.principal);
      const row = await within(accountId, id, async (place) => {
        const detail = await insert(place);
        const row = await read(place.trx, accountId, id);
        touch(place, row);
        await audit(place, request, `${kind}.created` as AuditAction, detail);
        return row;
      });
      return { status: 201, headers: { ...etag(row.version), location: `${path}/${id}` }, body: await view(row, accountId) };
    },

    /** `update` writes the row; what it returns stands in the audit log beside the settings that differ. */
    async change(
      request: ChangeRequest,
      update: (place: Place, before: Row) => Promise<Detail | void>,
      action = `${kind}.changed` as AuditAction,
    ): Promise<Answer<View>> {
      const accountId = accountOf(request.principal);
      const id = idOf(request);
      const seen = seenVersionOf(request);
      const row = await within(accountId, id, async (place) => {
        const before = await read(place.trx, accountId, id);
        requireVersion(before.version, seen);
        const more = await update(place, before);
        const after = await read(place.trx, accountId, id);
        touch(place, after);
        await audit(place, request, action, { ...differences(settings(before), settings(after)), ...more });
        return after;
      });
      return { status: 200, headers: etag(row.version), body: await view(row, accountId) };
    },

    /** `remove` takes the row away and returns what the audit log keeps of it. */
    async remove(request: RequestOfOne, remove: (place: Place, row: Row) => Promise<Detail>): Promise<RouteResponse> {
      const accountId = accountOf(request.principal);
      const id = idOf(request);
      await within(accountId, id, async (place) => {
        const row = await read(place.trx, accountId, id);
        const detail = await remove(place, row);
        touch(place, row);
        await audit(place, request, `${kind}.deleted` as AuditAction, detail);
      });
      return { status: 204 };
    },
  };
}
