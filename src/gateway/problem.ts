/** The HTTP edge's one translation of errors: RFC 9457 problem details. */
import { AppError, ERRORS } from '../base/errors.ts';
import type { Answer } from './exchange.ts';

/** The problem document of an error. Anything but an `AppError` is a fault of ours: `internal`, without its text. */
export function problemOf(error: unknown, requestId: string): Answer {
  const known = error instanceof AppError ? error : new AppError('internal');
  const { http, text } = ERRORS[known.code];
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
  if (http === 401) headers['www-authenticate'] = 'Bearer';
  const retryAfterSec = known.retryAfterSec ?? (http === 503 ? 1 : undefined);
  if (retryAfterSec !== undefined) headers['retry-after'] = String(Math.ceil(retryAfterSec));
  const body = {
    type: `/api/docs#error-${known.code}`,
    title: text,
    status: http,
    code: known.code,
    requestId,
    ...(known.detail === undefined ? {} : { detail: known.detail }),
    ...(known.fields.length === 0 ? {} : { errors: known.fields }),
  };
  return { status: http, headers, body: JSON.stringify(body) };
}
