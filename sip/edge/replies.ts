/** Responses of ours to requests (RFC 3261 8.2.6, 12.1.1), without what an application adds. */
import type { SipRequest, SipResponse } from './message.ts';
import { createResponse } from './messageWrite.ts';
import { randomText } from './randomText.ts';

/** `toTag` is added when the request has none and the response is above 100; Record-Route is copied where a dialog may come of it. */
export function replyTo(request: SipRequest, status: number, toTag: string, reason?: string): SipResponse {
  const response = createResponse(request, status, reason ? { toTag, reason } : { toTag });
  if (status > 100 && status < 300)
    for (const route of request.headers.all('record-route').toReversed()) response.headers.prepend('Record-Route', route);
  return response;
}

/** A refusal of ours, with a tag of its own. */
export function refusal(request: SipRequest, status: number, more: readonly (readonly [string, string])[] = []): SipResponse {
  const response = createResponse(request, status, { toTag: randomText() });
  for (const [name, value] of more) response.headers.set(name, value);
  return response;
}
