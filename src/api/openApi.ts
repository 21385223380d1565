/**
 * The OpenAPI 3.1 document of the REST API, made from the same table and the same schemas that the router validates with (API-1).
 * Pure; made once at start.
 */
import { type ZodType, z } from 'zod';
import { ERRORS, type ErrorCode } from '../base/errors.ts';
import type { Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Json;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: Json;
}

const PROBLEM = { $ref: '#/components/responses/Problem' };

export function openApiDocument(routes: readonly Route[], version: string): OpenApiDocument {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  const tags = [...new Set(routes.map(({ tag }) => tag))].sort().map((name) => ({ name }));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Centralino',
      version,
      description:
        'Lists are paged by cursor: pass "nextCursor" of an answer as "cursor". Errors are problem details (RFC 9457). Creates honour Idempotency-Key for 24 hours.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags,
    paths,
    components: {
      securitySchemes: {
        session: { type: 'http', scheme: 'bearer', description: 'Token of a sign-in' },
        key: { type: 'http', scheme: 'bearer', description: 'API key' },
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: 'centralino',
          description: 'The sign-in of a browser; changes need the header X-Centralino: 1',
        },
        visitor: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'Visitor <visitor token>.<public id of the group>' },
      },
      schemas: { Problem: problemSchema() },
      responses: {
        Problem: {
          description: 'What went wrong, and how to mend it',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

function operationOf(route: Route): Json {
  const isPublic = route.action === 'public';
  const isVisitors = route.action === 'visitor.chat' || route.action === 'file.read' || route.action === 'file.upload';
  const responses: Record<string, Json> = {};
  for (const [status, answer] of Object.entries(route.answers)) responses[status] = answerOf(answer);
  for (const status of errorsOf(route)) responses[status] ??= PROBLEM;
  // What the state of things may forbid besides: a conflict, something that is gone, a fault of ours.
  responses['default'] = PROBLEM;
  return {
    summary: route.summary,
    tags: [route.tag],
    operationId: operationId(route),
    ...(isPublic
      ? { security: [] }
      : { security: [{ session: [] }, { cookie: [] }, { key: [] }, ...(isVisitors ? [{ visitor: [] }] : [])], 'x-right': route.action }),
    ...(parametersOf(route).length > 0 ? { parameters: parametersOf(route) } : {}),
    ...(bodyOf(route) ? { requestBody: bodyOf(route) } : {}),
    responses,
  };
}

function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/api\/v1/, '')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function parametersOf(route: Route): Json[] {
  const parameters = [...fieldsOf(route.params, 'path'), ...fieldsOf(route.query, 'query'), ...fieldsOf(route.headers, 'header')];
  if (isVersioned(route)) {
    parameters.push({
      name: 'If-Match',
      in: 'header',
      required: false,
      schema: { type: 'string' },
      description: 'The ETag that was edited, in place of "version" in the body; 409 when it was changed since',
    });
  }
  if (route.isIdempotent) {
    parameters.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      schema: { type: 'string', maxLength: 200 },
      description: 'The same key again gets the first answer',
    });
  }
  return parameters;
}

function fieldsOf(schema: ZodType | undefined, where: 'path' | 'query' | 'header'): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, { description, ...field }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description ? { description } : {}),
    schema: field,
  }));
}

function bodyOf({ body, bodyKind }: Route): Json | undefined {
  if (bodyKind === 'bytes') return { required: true, content: { '*/*': { schema: { type: 'string', format: 'binary' } } } };
  return body && { required: true, content: { 'application/json': { schema: jsonSchema(body, 'input') } } };
}

/** Whether the change names the version that was edited (`seenVersionOf`). */
function isVersioned({ method, body }: Route): boolean {
  return method === 'PATCH' && body !== undefined && 'version' in ((jsonSchema(body, 'input')['properties'] as Json | undefined) ?? {});
}

function answerOf(answer: Route['answers'][number]): Json {
  if ('contentType' in answer && answer.contentType === '') return { description: answer.description };
  if ('contentType' in answer) return { description: answer.description, content: { [answer.contentType]: {} } };
  return { description: 'Done', content: { 'application/json': { schema: jsonSchema(answer, 'output') } } };
}

/** Statuses a caller should expect besides success. */
function errorsOf({ action, params, query, body, isIdempotent, isBare, bodyKind }: Route): string[] {
  const codes: ErrorCode[] = isBare ? [] : ['rate_limited', 'unavailable'];
  if (action !== 'public') codes.push('unauthenticated', 'forbidden');
  if (params) codes.push('not_found');
  if (query || body) codes.push('invalid');
  if (body) codes.push('bad_request');
  if (body || bodyKind) codes.push('too_large', 'unsupported_media');
  if (bodyKind) codes.push('no_room');
  if (isIdempotent) codes.push('idempotency_mismatch');
  return codes.map((code) => String(ERRORS[code].http));
}

/** JSON Schema 2020-12, as OpenAPI 3.1 takes it. `input`: what a caller may send, `output`: what is answered. */
export function jsonSchema(schema: ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' }) as Record<
    string,
    unknown
  >;
  return rest;
}

function problemSchema(): Json {
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'requestId'],
    properties: {
      type: { type: 'string', format: 'uri-reference' },
      title: { type: 'string', description: 'What it is, and how to mend it' },
      status: { type: 'integer' },
      code: { type: 'string', enum: Object.keys(ERRORS) },
      detail: { type: 'string', description: 'What exactly' },
      requestId: { type: 'string', description: 'Stands in our log' },
      errors: {
        type: 'array',
        description: 'Wrong fields',
        items: { type: 'object', required: ['path', 'message'], properties: { path: { type: 'string' }, message: { type: 'string' } } },
      },
    },
  };
}
