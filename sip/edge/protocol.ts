/**
 * What drachtio's wire protocol cannot say: which dialogs this edge has, and who carries them from now on (DESIGN §6, "Call recovery"). JSON lines over TCP on the same
 * port as the wire protocol, told apart by the first byte. Commands may be repeated: adopting twice equals once, killing what is over is no error.
 *
 * An application that was restarted connects drachtio-srf with a tag of its own, says `hello` with that tag as `application`, reads `list`, and adopts. `adopt`
 * gives back the texts from which drachtio-srf's `Dialog` can be made again (`new Srf.Dialog(srf, role, …)`); from then on requests in that dialog come to it.
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';

/** The secret of the wire and of this protocol, the same in all processes of one installation. It has no character that the wire would take for its own. */
export const edgeSecret = (secretKey: string): string => createHmac('sha256', secretKey).update('centralino edge').digest('hex');

const dialogId = z.string().min(1).max(512);

export const edgeCommand = z.discriminatedUnion('do', [
  /** First on every connection. `application`: a tag by which its wire connection authenticated. */
  z.object({ do: z.literal('hello'), secret: z.string().max(256), application: z.string().min(1).max(32) }),
  z.object({ do: z.literal('list') }),
  /** Dialogs nobody carries, or that are this application's already; others are left out of the answer. */
  z.object({ do: z.literal('adopt'), dialogs: z.array(dialogId).max(10_000) }),
  /** Ends a dialog by BYE; one that is ringing is only forgotten. */
  z.object({ do: z.literal('kill'), dialog: dialogId }),
  z.object({ do: z.literal('stats') }),
]);
export type EdgeCommand = z.input<typeof edgeCommand>;

export const dialogInfo = z.object({
  /** As drachtio-srf has it: `<Call-ID>;from-tag=<tag>`. */
  id: dialogId,
  role: z.enum(['uas', 'uac']),
  usage: z.enum(['invite', 'subscribe']),
  /** `answered`: its ACK has not come yet. */
  state: z.enum(['early', 'answered', 'confirmed', 'ending', 'ended']),
  callId: z.string(),
  localTag: z.string(),
  remoteTag: z.string(),
  /** From and To values of the request that made it. */
  from: z.string(),
  to: z.string(),
  remoteTarget: z.string(),
  /** ms. */
  since: z.number(),
  /** Tags of the application that carries it; empty while nobody does. */
  owner: z.array(z.string()),
  isOrphan: z.boolean(),
});
export type DialogInfo = z.infer<typeof dialogInfo>;

export const adoptedDialog = dialogInfo.extend({
  /** SIP texts: the request that made it and its 2xx, with the session descriptions as they are now. */
  request: z.string(),
  response: z.string(),
  /** Where the other side is: `source_address` and the like of drachtio-srf. */
  protocol: z.string(),
  address: z.string(),
  port: z.number(),
});
export type AdoptedDialog = z.infer<typeof adoptedDialog>;

/** Every command has a `seq` and exactly one answer with it. */
export const edgeAnswer = z.discriminatedUnion('ok', [
  z.object({
    seq: z.number().int(),
    ok: z.literal(true),
    dialogs: z.array(dialogInfo).optional(),
    adopted: z.array(adoptedDialog).optional(),
    stats: z.record(z.string(), z.number()).optional(),
  }),
  /** `code`: bad_request | unauthenticated | no_application (no wire connection has that tag) | unknown_dialog */
  z.object({ seq: z.number().int(), ok: z.literal(false), code: z.string(), detail: z.string() }),
]);
export type EdgeAnswer = z.infer<typeof edgeAnswer>;
