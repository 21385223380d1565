/**
 * Which pages of other origins may use the API from a browser. Credentials never cross origins: a foreign page must send a token itself,
 * and a cookie that comes with a foreign Origin is not looked at (so a foreign form cannot act as the person who is signed in).
 */
import { AppError } from '../base/errors.ts';
import type { Exchange } from './exchange.ts';

const METHODS = 'GET, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS = 'authorization, content-type, idempotency-key, x-request-id, x-file-name, x-interaction';
const EXPOSED = 'x-request-id, retry-after, etag, location, idempotency-replayed, content-disposition';

/** The Origin of a request made by a page of another origin; undefined for our own pages and for programs. */
export function foreignOrigin(exchange: Exchange): string | undefined {
  const origin = exchange.header('origin');
  if (origin === undefined) return undefined;
  return hostOf(origin) === exchange.header('host')?.toLowerCase() ? undefined : origin;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Headers that let the page of that origin read the answer. */
export function corsHeaders(origin: string): Record<string, string> {
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED, vary: 'Origin' };
}

/** Headers of the answer to a preflight. It names nobody yet, so any origin passes; the request itself is checked against its account. */
export function preflightHeaders(origin: string): Record<string, string> {
  return {
    ...corsHeaders(origin),
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': REQUEST_HEADERS,
    'access-control-max-age': '600',
  };
}

/** Whether the account lets pages of the origin in; an empty list lets all in. */
export function isOriginAllowed(origins: readonly string[], origin: string): boolean {
  return origins.length === 0 || origins.some((allowed) => allowed.replace(/\/$/, '').toLowerCase() === origin.toLowerCase());
}

/** Thrown for a page whose origin the account does not list. The page does not get to read the answer. */
export class OriginRefused extends AppError {
  constructor() {
    super('forbidden', { detail: 'Pages of this origin may not use the account. Add it to the allowed origins.' });
  }
}
