/** What the model tests do: arbitrary scenes and arbitrary steps, as plain data that fast-check shrinks and prints. Places are small numbers, looked up when the step is taken. */
import fc from 'fast-check';
import {
  type AgentDoc,
  agentDefaults,
  interruptions,
  type QueueDoc,
  queueDefaults,
  queueModes,
  type SkillNeed,
} from '../../../queues/config.ts';

export interface SceneShape {
  readonly queues: readonly Partial<QueueDoc>[];
  readonly agents: readonly (Partial<AgentDoc> & { readonly in: readonly number[] })[];
  readonly canSignInAnywhere: boolean;
}

const SKILLS = ['s1', 's2'] as const;
const needs: fc.Arbitrary<SkillNeed[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<SkillNeed[]>([]) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.record({ skill: fc.constantFrom(...SKILLS), level: fc.integer({ min: 1, max: 3 }) }), { maxLength: 2 })
      .map(once),
  },
);

/** Each skill once. */
function once(list: readonly SkillNeed[]): SkillNeed[] {
  return list.filter((need, at) => list.findIndex((other) => other.skill === need.skill) === at);
}

const relaxation = fc.constantFrom<QueueDoc['relaxation']>(
  [],
  [],
  [{ afterSec: 10, lowerBy: 1 }],
  [
    { afterSec: 5, lowerBy: 1 },
    { afterSec: 20, lowerBy: 3 },
  ],
);

/** Step of a recipe; a queue is named by its place in the scene. */
const recipe = fc.oneof(
  { weight: 3, arbitrary: fc.constant<QueueDoc['recipe']>([]) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.record({
          afterSec: fc.constantFrom(0, 10, 30, 60),
          onlyIf: fc.constantFrom('always' as const, 'no_agents' as const),
          do: fc.constantFrom<QueueDoc['recipe'][number]['do']>(
            { op: 'queue', queueId: '0' },
            { op: 'queue', queueId: '1' },
            { op: 'priority', by: 2 },
            { op: 'message', text: 'Please wait.' },
            { op: 'close' },
            { op: 'voicemail' },
          ),
        }),
        { minLength: 1, maxLength: 3 },
      )
      .map((steps) => steps.sort((left, right) => left.afterSec - right.afterSec)),
  },
);

const queueShape = fc.record({
  mode: fc.constantFrom(...queueModes),
  channel: fc.constantFrom('chat' as const, 'voice' as const),
  isAutoAccepted: fc.constantFrom(false, false, false, true),
  maxMissed: fc.constantFrom(0, 1, 2),
  wrapUpMs: fc.constantFrom(0, 0, 10_000),
  canEndWrapUp: fc.boolean(),
  reconnectMs: fc.constantFrom(0, 30_000),
  agentLostMs: fc.constantFrom(1_000, 20_000),
  limitPerAgent: fc.constantFrom(0, 0, 1, 2),
  priority: fc.constantFrom(0, 0, 1, 3),
  weightSec: fc.constantFrom(0, 10, 60),
  ringMax: fc.integer({ min: 1, max: 3 }),
  required: needs,
  preferred: needs,
  relaxation,
  recipe,
  stickyWaitMs: fc.constantFrom(0, 0, 15_000),
  autoCloseMs: fc.constantFrom(0, 30_000),
}) satisfies fc.Arbitrary<Partial<QueueDoc>>;

const agentShape = fc.record({
  capacity: fc.constantFrom(0, 1, 1, 2, 3),
  voiceCapacity: fc.constantFrom(0, 1, 1, 2),
  videoCapacity: fc.constantFrom(0, 1),
  interrupts: fc.uniqueArray(fc.constantFrom(...interruptions), { maxLength: 3 }),
  skills: fc.dictionary(fc.constantFrom(...SKILLS), fc.integer({ min: 1, max: 4 }), { maxKeys: 2 }),
  hasPhone: fc.constantFrom(false, false, true),
  in: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 }),
  order: fc.dictionary(fc.constantFrom('0', '1', '2', '3'), fc.nat(5), { maxKeys: 2 }),
});

export const sceneShape: fc.Arbitrary<SceneShape> = fc.record({
  queues: fc.array(queueShape, { minLength: 2, maxLength: 4 }),
  agents: fc.array(agentShape, { minLength: 2, maxLength: 4 }),
  canSignInAnywhere: fc.boolean(),
});

/** What 0.1.0 knew: plain chat queues. */
export const earlierScene: fc.Arbitrary<SceneShape> = fc.record({
  queues: fc.array(
    fc.record({
      mode: fc.constantFrom('manual' as const, 'random' as const, 'balanced' as const),
      isAutoAccepted: fc.constantFrom(false, false, true),
      maxMissed: fc.constantFrom(0, 1, 2),
      wrapUpMs: fc.constantFrom(0, 0, 10_000),
      canEndWrapUp: fc.boolean(),
      reconnectMs: fc.constantFrom(0, 30_000),
      agentLostMs: fc.constantFrom(1_000, 20_000),
      limitPerAgent: fc.constantFrom(0, 0, 1, 2),
      priority: fc.constantFrom(0, 0, 1, 3),
      weightSec: fc.constantFrom(0, 10, 60),
      autoCloseMs: fc.constantFrom(0, 30_000),
    }),
    { minLength: 2, maxLength: 4 },
  ),
  agents: fc.array(fc.record({ capacity: fc.constantFrom(1, 1, 2, 3), in: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 }) }), {
    minLength: 2,
    maxLength: 4,
  }),
  canSignInAnywhere: fc.constant(false),
});

const place = fc.nat(15);
const base = { node: fc.nat(7) };
const one = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds);

const start = fc.record({
  ...base,
  do: one('start'),
  queue: place,
  contact: fc.nat(3),
  medium: fc.constantFrom(undefined, undefined, 'chat' as const, 'voice' as const, 'video' as const),
  required: needs,
  preferred: needs,
  priority: fc.constantFrom(0, 0, 1, 5),
  agoMs: fc.constantFrom(0, 0, 5_000, 100_000),
  isWatched: fc.constantFrom(true, true, false),
});
const plainStart = start.map(
  (step): GeneratedBy<typeof start> => ({
    ...step,
    medium: undefined,
    required: [],
    preferred: [],
    priority: 0,
    agoMs: 0,
    isWatched: true,
  }),
);
const answer = fc.record({
  ...base,
  do: one('accept', 'accept', 'accept', 'decline', 'acceptOld', 'acceptOthers'),
  offer: place,
  agent: place,
});
const serve = fc.record({
  ...base,
  do: one('claim', 'reply', 'close', 'close', 'endByAgent', 'invite', 'leaveChat'),
  agent: place,
  chat: place,
  isOwner: fc.constantFrom(true, true, true, false),
  isSupervisor: fc.constantFrom(false, false, false, true),
});
const client = fc.record({ ...base, do: one('write', 'endByClient', 'clientLeaves', 'clientBack', 'rate'), chat: place });
const state = fc.record({
  ...base,
  do: one('pause', 'resume', 'signIn', 'signIn', 'signOut', 'deviceGone', 'deviceBack', 'deviceBack'),
  agent: place,
  queues: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 2 }) },
  ),
  isSupervisor: fc.constantFrom(false, false, true),
});
const plainState = state.map((step): GeneratedBy<typeof state> => ({ ...step, queues: [], isSupervisor: false }));
const wrapUp = fc.record({ ...base, do: one('endWrapUp', 'endWrapUp', 'extendWrapUp'), wrapUp: place, isSupervisor: fc.boolean() });
const transfer = fc.record({
  ...base,
  do: one('transfer'),
  chat: place,
  agent: place,
  isOwner: fc.constantFrom(true, true, false),
  isSupervisor: fc.boolean(),
});
const requeue = fc.record({
  ...base,
  do: one('requeue'),
  chat: place,
  agent: place,
  queue: place,
  isOwner: fc.constantFrom(true, true, true, false),
  isSupervisor: fc.boolean(),
});
const phone = fc.record({ ...base, do: one('phoneGone', 'phoneBack', 'phoneBack'), agent: place });
const change = fc.record({
  ...base,
  do: one('prioritize', 'changeMedium'),
  chat: place,
  priority: fc.constantFrom(0, 1, 10),
  medium: fc.constantFrom('chat' as const, 'voice' as const, 'video' as const),
});
const settings = fc.oneof(
  fc.record({ ...base, do: one('setQueue'), queue: place, with: fc.oneof(queueShape, fc.record({ isActive: fc.boolean() })) }),
  fc.record({ ...base, do: one('setAgent'), agent: place, with: fc.oneof(agentShape, fc.record({ isActive: fc.boolean() })) }),
  fc.record({ ...base, do: one('setAccount'), isActive: fc.constantFrom(true, true, false) }),
  fc.record({ ...base, do: one('deleteQueue'), queue: place }),
  fc.record({ ...base, do: one('deleteAgent'), agent: place }),
);
const time = fc.oneof(
  fc.record({ ...base, do: one('pass'), ms: fc.constantFrom(1, 900, 5_000, 10_000, 20_000, 30_000, 70_000) }),
  fc.record({ ...base, do: one('knock'), deadline: place }),
  fc.record({ ...base, do: one('oldKnock'), deadline: place }),
  fc.record({ ...base, do: one('skew'), ms: fc.constantFrom(-60_000, -1_000, 0, 1_000, 15_000) }),
  fc.record({ ...base, do: one('lapse') }),
);
/** The same command again, with the same ids: at once, or when others have come between. */
const again = fc.record({ ...base, do: one('again'), back: fc.constantFrom(0, 0, 0, 1, 2, 5) });

export type SingleStep =
  | GeneratedBy<typeof start>
  | GeneratedBy<typeof answer>
  | GeneratedBy<typeof serve>
  | GeneratedBy<typeof client>
  | GeneratedBy<typeof state>
  | GeneratedBy<typeof wrapUp>
  | GeneratedBy<typeof transfer>
  | GeneratedBy<typeof requeue>
  | GeneratedBy<typeof phone>
  | GeneratedBy<typeof change>
  | GeneratedBy<typeof settings>
  | GeneratedBy<typeof time>
  | GeneratedBy<typeof again>;
type GeneratedBy<Source> = Source extends fc.Arbitrary<infer Value> ? Value : never;
export type Step = SingleStep | { readonly do: 'burst'; readonly steps: readonly SingleStep[] };

export const singleStep: fc.Arbitrary<SingleStep> = fc.oneof(
  { weight: 14, arbitrary: start },
  { weight: 14, arbitrary: answer },
  { weight: 12, arbitrary: serve },
  { weight: 5, arbitrary: client },
  { weight: 9, arbitrary: state },
  { weight: 4, arbitrary: wrapUp },
  { weight: 3, arbitrary: transfer },
  { weight: 3, arbitrary: requeue },
  { weight: 4, arbitrary: phone },
  { weight: 3, arbitrary: change },
  { weight: 3, arbitrary: settings },
  { weight: 9, arbitrary: time },
  { weight: 5, arbitrary: again },
);

export const earlierStep: fc.Arbitrary<SingleStep> = fc.oneof(
  { weight: 14, arbitrary: plainStart },
  { weight: 14, arbitrary: answer },
  { weight: 12, arbitrary: serve },
  { weight: 5, arbitrary: client },
  { weight: 8, arbitrary: plainState },
  { weight: 4, arbitrary: wrapUp },
  { weight: 3, arbitrary: transfer },
  { weight: 9, arbitrary: time },
  { weight: 5, arbitrary: again },
);

/** Several commands under way at once, through different nodes. */
export const concurrent = (step: fc.Arbitrary<SingleStep>): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 3, arbitrary: step },
    { weight: 2, arbitrary: fc.record({ do: one('burst'), steps: fc.array(step, { minLength: 2, maxLength: 5 }) }) },
  );

export const queueOf = (id: string, accountId: string, shape: Partial<QueueDoc>, queueIds: readonly string[]): QueueDoc => ({
  ...queueDefaults,
  kind: 'queue',
  id,
  accountId,
  name: id,
  ...shape,
  outcomes: [],
  recipe: (shape.recipe ?? []).map((step) =>
    step.do.op === 'queue' ? { ...step, do: { op: 'queue', queueId: queueIds[Number(step.do.queueId) % queueIds.length] ?? '' } } : step,
  ),
});

export const agentOf = (id: string, accountId: string, shape: SceneShape['agents'][number], queueIds: readonly string[]): AgentDoc => ({
  ...agentDefaults,
  kind: 'agent',
  id,
  accountId,
  name: id,
  ...withoutPlaces(shape),
  queues: queueIds.filter((_, at) => shape.in.includes(at)),
  order: Object.fromEntries(Object.entries(shape.order ?? {}).map(([at, order]) => [queueIds[Number(at) % queueIds.length] ?? '', order])),
});

function withoutPlaces({ in: _in, ...rest }: SceneShape['agents'][number]): Partial<AgentDoc> {
  return rest;
}
