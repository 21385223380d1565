/** Routes of files, and what gateway and worker take from here. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Engine, Scope } from '../../queues/engine.ts';
import { type Route, type RouteRequest, type RouteResponse, route } from '../api/route.ts';
import type { Principal } from '../auth/can.ts';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';
import { findParty, partyOfView } from '../history/party.ts';
import { isVisible, type Viewer, viewerOf } from '../history/visibility.ts';
import { FILE_MAX_BYTES } from '../protocol/common.ts';
import { fileView } from '../protocol/views.ts';
import type { FileRecord } from './fileStore.ts';
import { isShownInline } from './fileTypes.ts';
import type { FileLibrary } from './library.ts';

export type { FileId, FileRecord } from './fileStore.ts';
export { FileLibrary } from './library.ts';
export { LocalFileStore } from './localFileStore.ts';

/** Where the local store lies under DATA_DIR. */
export const filesFolder = (dataDir: string): string => join(dataDir, 'files');

export interface FileDeps {
  readonly engine: Engine;
  readonly db: Db;
  readonly library: FileLibrary;
}

const tag = 'Files';
const UPLOADS_PER_MINUTE = 20;

export function fileRoutes(deps: FileDeps): Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/files',
      summary: 'Take a file in for a running conversation; send it with chat.send',
      tag,
      action: 'file.upload',
      headers: z.object({
        'X-Interaction': z.string().describe('The conversation it is for'),
        'X-File-Name': z.string().optional().describe('Its name, percent-encoded UTF-8'),
      }),
      bodyKind: 'bytes',
      maxBytes: FILE_MAX_BYTES,
      perMinute: UPLOADS_PER_MINUTE,
      isIdempotent: true,
      answers: { 201: fileView },
      handler: (request) => upload(deps, request),
    }),
    route({
      method: 'GET',
      path: '/api/v1/files/:id',
      summary: 'The content of a file, for those who take part in its conversation',
      tag,
      action: 'file.read',
      params: z.object({ id: z.string().max(40) }),
      answers: { 200: { contentType: 'application/octet-stream', description: 'The content, as what it was found to be' } },
      handler: (request) => download(deps, request.principal, request.params.id),
    }),
  ];
}

/** `X-File-Name` (percent-encoded UTF-8), `X-Interaction`, `Content-Type`; the body is the content. */
async function upload({ engine, library }: FileDeps, request: RouteRequest<undefined, undefined, undefined>): Promise<RouteResponse> {
  const { principal } = request;
  const interactionId = request.header('x-interaction');
  if (!isId('interaction', interactionId)) throw new AppError('bad_request', { detail: 'X-Interaction: the conversation it is for.' });
  const scope = await scopeOf(engine, principal);
  const view = await engine.views.interaction(scope, interactionId);
  if (!view) throw new AppError('not_found');
  const viewer = viewerOf(principal, partyOfView(scope.accountId, view), 'file.upload');
  if (!viewer) throw new AppError('not_found');
  if (view.state === 'ended' || view.state === 'closed') throw new AppError('gone', { detail: 'The conversation is over.' });
  const record = await library.add(scope, {
    interaction: { id: interactionId, queueId: view.queue, contactId: view.client.id },
    uploaderId: viewer.id,
    name: decodedName(request.header('x-file-name') ?? ''),
    declared: request.header('content-type') ?? '',
    content: request.bytes,
  });
  const { id, name, type, size } = record;
  return { status: 201, headers: { location: `/api/v1/files/${id}` }, body: { id, name, type, size } };
}

async function download({ engine, db, library }: FileDeps, principal: Principal, id: string): Promise<RouteResponse> {
  const record = isId('file', id) ? await library.store.find(id) : undefined;
  if (!record || principal.kind === 'nobody' || record.accountId !== principal.accountId) throw new AppError('not_found');
  const scope = await scopeOf(engine, principal);
  const party = await findParty({ engine, db }, scope, record.interactionId);
  const viewer = party && viewerOf(principal, party, 'file.read');
  if (!viewer || !maySee(record, viewer)) throw new AppError('not_found');
  const content = await library.store.open(record.id);
  if (!content) throw new AppError('gone');
  return { status: 200, headers: headersOf(record), file: content };
}

function maySee(record: FileRecord, viewer: Viewer): boolean {
  const visibilities = record.sentTo.length > 0 ? record.sentTo : [record.uploaderId];
  return visibilities.some((visibility) => isVisible({ visibility, authorId: record.uploaderId }, viewer));
}

/** The content never becomes a page of ours: its own type, no sniffing, no scripts, saved unless it is a plain image. */
function headersOf({ name, type }: FileRecord): Record<string, string> {
  const ascii = name.replace(/[^\x20-\x7e]|["\\]/g, '_');
  const disposition = isShownInline(type) ? 'inline' : 'attachment';
  return {
    'content-type': type === 'text/plain' || type === 'text/csv' ? `${type}; charset=utf-8` : type,
    'content-disposition': `${disposition}; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(name)}`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': 'private, max-age=3600',
  };
}

async function scopeOf(engine: Engine, principal: Principal): Promise<Scope> {
  if (principal.kind === 'nobody') throw new AppError('unauthenticated');
  const scope = await engine.config.scopeOf(principal.accountId);
  if (!scope) throw new AppError('not_found');
  return scope;
}

function decodedName(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch (error) {
    if (error instanceof URIError) throw new AppError('bad_request', { detail: 'X-File-Name must be percent-encoded UTF-8.' });
    throw error;
  }
}
