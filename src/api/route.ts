/**
 * One route = method, path, schemas, policy, handler. The router, OpenAPI and the generated 401/403 tests come from the same table,
 * so nothing can be reached that is not described and guarded.
 */
import type { ZodType, z } from 'zod';
import type { Action, Principal } from '../auth/can.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a handler sees of a request; everything in it was validated. */
export interface RouteRequest<Params, Query, Body> {
  readonly principal: Principal;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Client address, honouring TRUST_PROXY. */
  readonly ip: string;
  readonly userAgent: string;
  readonly requestId: string;
  readonly header: (name: string) => string | undefined;
  /** Raw bytes for routes with `bodyKind: 'bytes'`, already bounded by `maxBytes`. */
  readonly bytes: Buffer;
}

export interface RouteResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is bytes or text with a content type in `headers`. */
  readonly body?: unknown;
  readonly bytes?: Buffer | string;
  /** A file on disk streamed in chunks; the handler checked the right to it. */
  readonly file?: { readonly path: string; readonly size: number };
}

export interface Route {
  readonly method: Method;
  /** `/api/v1/queues/:id`; parameters with a colon. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  /** The right that is checked before the handler runs, account-wide; the handler checks narrower scopes itself. */
  readonly action: Action;
  readonly params?: ZodType;
  readonly query?: ZodType;
  /** Headers of its own, for the documents; the handler reads and checks them by `header`. */
  readonly headers?: ZodType;
  readonly body?: ZodType;
  readonly bodyKind?: 'json' | 'bytes';
  readonly maxBytes?: number;
  /** Schema of each success answer by status. */
  readonly answers: Readonly<Record<number, ZodType | { readonly contentType: string; readonly description: string }>>;
  /** Requests a minute per principal or address; absent: the general limit. */
  readonly perMinute?: number;
  /** Operations and documents: answered without looking at who asks, so that they answer while Redis is away. */
  readonly isBare?: boolean;
  /** Honour `Idempotency-Key` (creates). */
  readonly isIdempotent?: boolean;
  readonly handler: (request: RouteRequest<never, never, never>) => Promise<RouteResponse>;
}

type Infer<Schema> = Schema extends ZodType ? z.infer<Schema> : undefined;

/** Declares a route with its handler typed by its own schemas. */
export function route<
  P extends ZodType | undefined = undefined,
  Q extends ZodType | undefined = undefined,
  B extends ZodType | undefined = undefined,
>(
  definition: Omit<Route, 'params' | 'query' | 'body' | 'handler'> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly handler: (request: RouteRequest<Infer<P>, Infer<Q>, Infer<B>>) => Promise<RouteResponse>;
  },
): Route {
  return definition as unknown as Route;
}
