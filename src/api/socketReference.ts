/**
 * The reference of the WebSocket protocol (API-2), from the schemas that validate it: a page at /api/socket and an AsyncAPI 3 document.
 * Every command has a sentence here; a command without one does not compile. Pure; made once at start.
 */
import type { ZodType } from 'zod';
import { CLOSE, type CloseReason, ERRORS } from '../base/errors.ts';
import { PROTOCOL_VERSION } from '../protocol/common.ts';
import { publicEvent, publicSignal } from '../protocol/events.ts';
import {
  type AgentCommand,
  agentCommand,
  helloAgent,
  helloVisitor,
  replies,
  serverFrame,
  type VisitorCommand,
  visitorCommand,
} from '../protocol/frames.ts';
import { type Html, html } from './html.ts';
import { jsonSchema } from './openApi.ts';
import { referencePage, type Section, schemaTable } from './referencePage.ts';

const ABOUT: Readonly<Record<VisitorCommand['t'] | AgentCommand['t'], string>> = {
  ping: 'Anybody there? Answered with an empty reply.',
  subscribe: 'Follows a feed: from the cursor what was missed, without one a snapshot; then what comes.',
  unsubscribe: 'No more of the feed.',
  'chat.send': 'Appends a message. The same mid again gets the first result. Agents take an untaken conversation by replying with claim.',
  'chat.read': 'Everything up to the offset was read.',
  'chat.typing': 'Tells the others of the conversation; the preview reaches the staff alone.',
  'chat.earlier': 'Messages before an offset, newest last; also of conversations that were closed long ago.',
  'video.command': 'The video room of the conversation: ask the other side in, enter, send and receive media.',
  'chat.start': 'Opens a conversation with its first message. The same key again gets the same conversation.',
  'chat.end': 'The visitor ends the conversation.',
  'chat.rate': 'Rates a conversation that is over.',
  'page.changed': 'The visitor went to another page; the staff sees it in the conversation.',
  'agent.signIn': 'Serves queues from now on.',
  'agent.signOut': 'Serves them no more; conversations that are open go on.',
  'agent.pause': 'Takes nothing new for a while.',
  'agent.resume': 'Takes again.',
  'offer.accept': 'Takes what was offered. A late accept changes nothing.',
  'offer.decline': 'The offer goes to the next agent.',
  'interaction.claim': 'Takes a waiting conversation; the first to arrive owns it.',
  'interaction.end': 'The conversation is over; closing it with an outcome is left to do.',
  'interaction.close': 'Closes with an outcome; wrap-up begins, or the next conversation comes.',
  'interaction.transfer': 'Hands the conversation to another agent.',
  'participant.invite': 'Brings another agent in.',
  'participant.leave': 'Leaves a conversation that one was invited to.',
  'call.command': 'What a phone call is to do: hold, resume, mute, keys, transfer, consult, confer, hang up. Answered when it did.',
  'wrapUp.outcome': 'How the conversation ended, said or corrected while its wrap-up runs.',
  'wrapUp.end': 'The wrap-up is done early.',
  'wrapUp.extend': 'More time for the wrap-up.',
};

const CLOSES: Readonly<Record<CloseReason, string>> = {
  moved: 'This process stops or lost its lease: connect again.',
  slow: 'Frames were read too slowly: connect again and resume by cursor.',
  silent: 'Nothing was heard for too long: connect again.',
  internal: 'A fault of ours: connect again.',
  late: 'No hello in time: connect again.',
  protocol: 'Frames that are no frames: mend the client.',
  unauthenticated: 'The token is unknown, expired or revoked: sign in.',
  forbidden: 'Signed in, but not allowed here.',
  flood: 'Too many frames.',
  version: 'Load the page again: another version is spoken here.',
};

interface Frame {
  readonly name: string;
  readonly by: 'visitor' | 'agent' | 'both' | 'server';
  readonly about: string;
  readonly schema: ZodType;
  readonly reply?: ZodType | undefined;
}

const replyOf = (name: string): ZodType | undefined => (replies as Readonly<Record<string, ZodType>>)[name];

function commandFrames(): Frame[] {
  const agents = new Map(agentCommand.options.map((option) => [option.shape.t.value, option as ZodType]));
  const visitors = new Map(visitorCommand.options.map((option) => [option.shape.t.value, option as ZodType]));
  return Object.entries(ABOUT).map(([name, about]) => {
    const [forVisitor, forAgent] = [visitors.get(name as VisitorCommand['t']), agents.get(name as AgentCommand['t'])];
    return {
      name,
      about,
      by: forVisitor && forAgent ? 'both' : forVisitor ? 'visitor' : 'agent',
      schema: (forVisitor ?? forAgent) as ZodType,
      reply: replyOf(name),
    };
  });
}

const hellos: readonly Frame[] = [
  {
    name: 'hello (visitor)',
    by: 'visitor',
    about: 'First frame of a visitor, within 5 s.',
    schema: helloVisitor,
    reply: replyOf('hello visitor'),
  },
  { name: 'hello (agent)', by: 'agent', about: 'First frame of an agent, within 5 s.', schema: helloAgent, reply: replyOf('hello agent') },
];

const variantName = (schema: ZodType, field: 't' | 'type'): string =>
  String((jsonSchema(schema, 'output')['properties'] as Record<string, { const?: string }>)[field]?.const);

function serverFrames(): Frame[] {
  return serverFrame.options.map((schema) => ({ name: variantName(schema, 't'), by: 'server' as const, about: '', schema }));
}

export function socketPage(): { readonly body: string; readonly policy: string } {
  const event = (schema: ZodType): Frame => ({ name: variantName(schema, 'type'), by: 'server', about: '', schema });
  const sections: Section[] = [
    section('hello', 'Hello', hellos),
    section('commands', 'Commands', commandFrames()),
    section('server', 'What the server sends', serverFrames()),
    section('events', 'Events', publicEvent.options.map(event)),
    section('signals', 'Signals', publicSignal.options.map(event)),
    {
      id: 'closes',
      title: 'Close codes',
      entries: (Object.entries(CLOSE) as [CloseReason, number][]).map(([name, code]) => ({
        id: `close-${name}`,
        label: html`<span class="m">${code}</span> <code>${name}</code> <span class="s">${CLOSES[name]}</span>`,
        words: `close ${code} ${name} ${CLOSES[name]}`,
        body: html`<p>${code < 4500 ? 'Connect again, after a pause with jitter.' : 'Do not connect again by yourself.'}</p>`,
      })),
    },
  ];
  const intro = html`<p>One socket at <code>/ws</code>, version ${PROTOCOL_VERSION}. Every frame is one JSON object in UTF-8. Commands carry a number <code>id</code>; each gets exactly
one <code>reply</code> or <code>error</code> with it, in the order they were sent. Errors use the codes of <a href="/api/docs#errors">the catalog</a>.</p>
<p><b>Resuming.</b> An <code>event</code> names the offset of the one pushed before it on the same subscription (<code>prev</code>). If that is not where you stand, or after a drop,
<code>subscribe</code> with your last <code>cursor</code> (epoch and off): you get what you missed, once and in order, or a snapshot when that cannot be told any more. <code>state</code> frames show
what is now and have no place in the order; the latest counts. <code>signal</code> frames are best effort.</p><p>As data: <a href="/api/asyncapi.json">/api/asyncapi.json</a>.</p>`;
  return referencePage('Centralino WebSocket protocol', intro, sections);
}

function section(id: string, title: string, frames: readonly Frame[]): Section {
  return { id, title, entries: frames.map((frame) => entryOf(id, frame)) };
}

function entryOf(section: string, { name, by, about, schema, reply }: Frame): Section['entries'][number] {
  const who: Html | string = by === 'server' ? '' : html`<p class="s">Sent by ${by === 'both' ? 'visitors and agents' : `${by}s`}.</p>`;
  return {
    id: `${section}-${name.replace(/[^\w.]+/g, '-')}`,
    label: html`<code>${name}</code> <span class="s">${about}</span>`,
    words: `${name} ${about} ${by}`,
    body: html`${who}${schemaTable(jsonSchema(schema, by === 'server' ? 'output' : 'input'))}${reply ? html`<h3>Reply</h3>${schemaTable(jsonSchema(reply, 'output'))}` : ''}`,
  };
}

/** AsyncAPI 3 of the same, for generators. */
export function asyncApiDocument(version: string): Readonly<Record<string, unknown>> {
  const received = [...hellos, ...commandFrames()];
  const sent = serverFrames();
  const messages = Object.fromEntries(
    [...received, ...sent].map(({ name, about, by, schema }) => [
      keyOf(name),
      { name, ...(about ? { summary: about } : {}), payload: jsonSchema(schema, by === 'server' ? 'output' : 'input') },
    ]),
  );
  const refs = (frames: readonly Frame[]): unknown[] => frames.map(({ name }) => ({ $ref: `#/channels/socket/messages/${keyOf(name)}` }));
  return {
    asyncapi: '3.0.0',
    info: { title: 'Centralino WebSocket protocol', version },
    channels: { socket: { address: '/ws', messages } },
    operations: {
      receive: { action: 'receive', channel: { $ref: '#/channels/socket' }, messages: refs(received) },
      send: { action: 'send', channel: { $ref: '#/channels/socket' }, messages: refs(sent) },
    },
    components: { schemas: { errorCode: { type: 'string', enum: Object.keys(ERRORS) } } },
  };
}

function keyOf(name: string): string {
  return name.replace(/[^A-Za-z0-9]+/g, '_').replace(/_$/, '');
}
