/**
 * The one catalog of errors. Broken requests throw an `AppError`; each edge translates it once: the HTTP edge into
 * RFC 9457 problem details, the WebSocket edge into an error reply or a close code. Expected outcomes are returned, not thrown.
 */
interface ErrorEntry {
  /** HTTP status of the problem document. */
  readonly http: number;
  /** Whether the same request may succeed later unchanged. */
  readonly retryable: boolean;
  /** Plain English; says how to mend. */
  readonly text: string;
}

export const ERRORS = {
  bad_request: { http: 400, retryable: false, text: 'The request is malformed. See "detail".' },
  invalid: { http: 422, retryable: false, text: 'Some fields are not valid. See "errors".' },
  unauthenticated: { http: 401, retryable: false, text: 'Sign in, or send a valid token.' },
  wrong_credentials: { http: 401, retryable: false, text: 'E-mail, password or code is not right.' },
  second_factor_required: { http: 401, retryable: false, text: 'A code from your authenticator app is needed.' },
  forbidden: { http: 403, retryable: false, text: 'You have no right to do this. Ask an administrator.' },
  feature_off: { http: 403, retryable: false, text: 'This feature is switched off for the account.' },
  account_inactive: { http: 403, retryable: false, text: 'The account is inactive.' },
  banned: { http: 403, retryable: false, text: 'You cannot write here.' },
  not_found: { http: 404, retryable: false, text: 'There is no such thing, or you may not see it.' },
  method_not_allowed: { http: 405, retryable: false, text: 'This address does not take that method. See "Allow".' },
  conflict: { http: 409, retryable: false, text: 'It was changed meanwhile, or exists already. Load it again.' },
  idempotency_mismatch: { http: 409, retryable: false, text: 'This Idempotency-Key was used for another request.' },
  already_taken: { http: 409, retryable: false, text: 'Another agent has taken this conversation.' },
  offer_gone: { http: 409, retryable: false, text: 'The offer is over.' },
  at_capacity: { http: 409, retryable: false, text: 'You already serve as many conversations as you may.' },
  not_signed_in: { http: 409, retryable: false, text: 'Sign in to the queue first.' },
  wrong_state: { http: 409, retryable: false, text: 'That is not possible in the present state.' },
  outcome_required: { http: 409, retryable: false, text: 'Choose an outcome before closing.' },
  gone: { http: 410, retryable: false, text: 'It is over or was deleted.' },
  too_large: { http: 413, retryable: false, text: 'The body is larger than allowed.' },
  unsupported_media: { http: 415, retryable: false, text: 'This kind of content is not accepted here.' },
  file_type: { http: 415, retryable: false, text: 'The file is not what its name says, or its kind is not allowed.' },
  rate_limited: { http: 429, retryable: true, text: 'Too many requests. Wait as "Retry-After" says.' },
  no_room: { http: 507, retryable: true, text: 'There is no room left for files on the server at the moment. Messages still go through.' },
  internal: { http: 500, retryable: true, text: 'Something went wrong here. It was logged.' },
  fenced: { http: 503, retryable: true, text: 'This server process lost its lease. Connect again.' },
  unavailable: { http: 503, retryable: true, text: 'A part of the service is not reachable at the moment. Try again.' },
  log_full: { http: 503, retryable: true, text: 'No new conversations can be taken at the moment. Try again later.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** One wrong field: `path` in dotted form, `message` in English. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export class AppError extends Error {
  override name = 'AppError';
  readonly code: ErrorCode;
  /** Says what exactly; shown to the caller, so it never holds secrets or other people's data. */
  readonly detail: string | undefined;
  readonly fields: readonly FieldError[];
  /** Seconds after which a retry makes sense, for `rate_limited`. */
  readonly retryAfterSec: number | undefined;

  constructor(code: ErrorCode, options: { detail?: string; fields?: readonly FieldError[]; retryAfterSec?: number; cause?: unknown } = {}) {
    super(options.detail ?? ERRORS[code].text, { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.fields = options.fields ?? [];
    this.retryAfterSec = options.retryAfterSec;
  }
}

/**
 * WebSocket close codes. Their ranges tell the client what to do:
 * 4000–4499 connect again (with jitter), 4500–4999 do not.
 */
export const CLOSE = {
  /** The server drains or the process lost its lease: connect again elsewhere. */
  moved: 4000,
  /** The client read too slowly; it resumes by cursor. */
  slow: 4001,
  /** Nothing was heard from the client for too long. */
  silent: 4002,
  /** A fault of ours. */
  internal: 4003,
  /** No hello in time. */
  late: 4004,
  /** Malformed frame or wrong type. */
  protocol: 4500,
  /** Token unknown, expired or revoked. */
  unauthenticated: 4501,
  /** Signed in, but not allowed. */
  forbidden: 4502,
  /** Too many frames. */
  flood: 4503,
  /** The protocol version is not spoken here. */
  version: 4504,
} as const;
export type CloseReason = keyof typeof CLOSE;

/** Ends every exhaustive switch. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
