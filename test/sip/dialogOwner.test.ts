/** RFC 3261 15: what the other side says between our 200 and the moment the call owns its dialog is not lost. */
import { expect, test } from 'vitest';
import { Dialog, Dialogs } from '../../sip/app/dialog.ts';
import type { Link } from '../../sip/app/link.ts';
import type { IncomingRequest, OutgoingResponse } from '../../sip/app/srf.ts';

/** As drachtio-srf gives a request and its response; `answered` is what was sent. */
function exchange(method: string, body = ''): { request: IncomingRequest; response: OutgoingResponse; answered: number[] } {
  const answered: number[] = [];
  const request = { method, body, source: 'network', get: () => undefined } as Partial<IncomingRequest> as IncomingRequest;
  const response = { send: (status: number) => void answered.push(status) } as Partial<OutgoingResponse> as OutgoingResponse;
  return { request, response, answered };
}

function openDialog(): Dialog {
  // Nothing is sent on it here.
  return new Dialog(new Dialogs(), { id: 'a;from-tag=b', link: {} as Link, isCaller: false, knowsOptions: false });
}

test('RTE-12: ACK with a description, then BYE, before the owner is there: both are told in order', () => {
  const dialog = openDialog();
  const ack = exchange('ACK', 'v=0');
  const bye = exchange('BYE');
  dialog.handle(ack.request, ack.response);
  dialog.handle(bye.request, bye.response);
  const told: string[] = [];
  dialog.on = {
    ended: (reason) => told.push(`ended ${reason}`),
    offered: () => ({ ok: false, status: 488 }),
    acknowledged: (sdp) => told.push(`acknowledged ${sdp}`),
    info: () => undefined,
    refer: () => 202,
  };
  expect(told).toEqual(['acknowledged v=0', 'ended hung up']);
  expect(bye.answered).toEqual([200]);
  expect(dialog.isOver).toBe(true);
});
