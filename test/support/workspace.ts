/**
 * A queue with its group and its agents, made through the API as an administrator would, for tests and benchmarks that need more than the demo account.
 * Created on a running center. Callers come from addresses of their own (X-Forwarded-For, so the center trusts its proxy), because limits are per address.
 */
import { z } from 'zod';
import type { QueueDoc } from '../../queues/config.ts';
import type { Center } from './center.ts';

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly password: string;
  /** A sign-in token, so that a test need not sign in. */
  readonly token: string;
}

export interface Workspace {
  readonly queue: string;
  /** Public identifier of its group, as in the embed snippet. */
  readonly group: string;
  readonly agents: readonly Member[];
  /** Token of the account's administrator. */
  readonly adminToken: string;
}

export interface WorkspaceOptions {
  readonly agents: number;
  readonly capacity?: number;
  readonly queue?: Partial<Omit<QueueDoc, 'kind' | 'id' | 'accountId' | 'name'>>;
  /** Of every agent, and of the group, as the API takes it. */
  readonly member?: object;
  readonly groupFields?: object;
}

const PASSWORD = 'a quite long pass phrase 7';
const HIRED_AT_ONCE = 4;
const tokenReply = z.object({ token: z.string() });
const madeQueue = z.object({ id: z.string() });
const madeGroup = z.object({ publicId: z.string() });
const invited = z.object({ user: z.object({ id: z.string() }), invitation: z.object({ url: z.string() }) });

let made = 0;

export async function openWorkspace(
  center: Center,
  { agents, capacity = 5, queue = {}, member = {}, groupFields = {} }: WorkspaceOptions,
): Promise<Workspace> {
  const number = ++made;
  const adminToken = await adminTokenOf(center);
  const call = <Shape extends z.ZodType>(path: string, shape: Shape, body: object): Promise<z.infer<Shape>> =>
    request(center, path, { shape, body, token: adminToken });
  const { id } = await call('/queues', madeQueue, { name: `Queue ${number}`, ...queue });
  const { publicId } = await call('/groups', madeGroup, { name: `Group ${number}`, queueId: id, ...groupFields });
  const hire = async (place: number): Promise<Member> => {
    const [name, email] = [`Agent ${number}-${place}`, `agent-${number}-${place}@test.example`];
    const { user, invitation } = await call('/users', invited, { email, name, capacity, queues: [{ id, role: 'agent' }], ...member });
    const secret = invitation.url.slice(invitation.url.lastIndexOf('/') + 1);
    const body = { token: secret, password: PASSWORD, transport: 'token' };
    const address = addressOf(number * 1_000 + place);
    const { token } = await request(center, '/auth/invitations/accept', { shape: tokenReply, body, address });
    return { id: user.id, name, email, password: PASSWORD, token };
  };
  const members: Member[] = [];
  // A few at a time: hashing a password takes long, and the gateway does it beside other work.
  for (let first = 0; first < agents; first += HIRED_AT_ONCE) {
    const places = Array.from({ length: Math.min(HIRED_AT_ONCE, agents - first) }, (_, step) => first + step);
    members.push(...(await Promise.all(places.map(hire))));
  }
  return { queue: id, group: publicId, agents: members, adminToken };
}

/** A token of the demo account's super admin. */
export async function adminTokenOf(center: Center): Promise<string> {
  const { signIns } = await center.demo();
  const admin = signIns.find(({ role }) => role.includes('administrator'));
  if (!admin) throw new Error('the demo account has no administrator');
  const { token } = await request(center, '/auth/sign-in', {
    shape: tokenReply,
    body: { email: admin.email, password: admin.password, transport: 'token' },
  });
  return token;
}

/** An address in 10.0.0.0/8 that belongs to this number alone. */
export const addressOf = (number: number): string => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;

interface Request<Shape> {
  readonly shape: Shape;
  /** With a body it is a POST, else a GET. */
  readonly body?: object;
  readonly token?: string;
  readonly address?: string;
}

/** A request to the first gateway. @throws with the problem document when it is refused */
export async function request<Shape extends z.ZodType>(
  center: Center,
  path: string,
  { shape, body, token, address }: Request<Shape>,
): Promise<z.infer<Shape>> {
  const response = await fetch(`${center.gateways[0]}/api/v1${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(address ? { 'x-forwarded-for': address } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${text}`);
  return shape.parse(JSON.parse(text));
}
