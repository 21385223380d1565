/** Headers that every answer carries, and those of our pages. Pure. */

/** No page of ours needs anything from elsewhere. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

export interface SecurityOptions {
  readonly isTls: boolean;
}

/** Headers of every answer. Data is for the program that asked for it: never framed, sniffed or kept by a proxy. */
export function baseHeaders({ isTls }: SecurityOptions): Record<string, string> {
  return {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'strict-origin-when-cross-origin',
    ...(isTls ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/** Headers of an HTML page of ours. None is framed by other sites: the widget is a script in their own page. */
export function pageHeaders(): Record<string, string> {
  return {
    'content-security-policy': `${PAGE_POLICY}; frame-ancestors 'none'`,
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
  };
}
