/** What desk and API may ask of a call (VOX-4), for somebody who takes part in it. Rights were checked at the gateway. */
import { z } from 'zod';
import { AppError, assertNever } from '../../src/base/errors.ts';
import type { UserId } from '../../src/base/ids.ts';
import { type CallCommandBody, type CallTarget, callCommand } from '../../src/protocol/calls.ts';
import type { Call } from './call.ts';
import { backToCaller, complete, conference, consult } from './consult.ts';
import { agentGone, dropLeg } from './hangUp.ts';
import { hold, resume } from './hold.ts';
import type { Leg } from './leg.ts';
import { declined } from './ringing.ts';
import { agentOf } from './state.ts';
import { type Done, transfer } from './transfer.ts';

/** `by`: put in by the gateway. */
export const carriedCommand = z.object({ by: z.string(), command: callCommand });

const DONE: Done = { ok: true };
const WRONG_STATE: Done = { ok: false, code: 'wrong_state' };

/** @throws AppError forbidden | wrong_state | conflict, and what routing says against it */
export async function carryOut(call: Call, body: string): Promise<string> {
  const parsed = carriedCommand.safeParse(JSON.parse(body));
  if (!parsed.success) throw new AppError('bad_request', { detail: 'Not a command for a call.' });
  const { by, command } = parsed.data;
  const done = await act(call, by as UserId, command);
  if (!done.ok) throw new AppError(done.code, done.detail === undefined ? {} : { detail: done.detail });
  return JSON.stringify({ ok: true });
}

async function act(call: Call, by: UserId, command: CallCommandBody): Promise<Done> {
  if (command.do === 'answer') return WRONG_STATE;
  if (command.do === 'decline') return declined(call, by) ? DONE : WRONG_STATE;
  const leg = call.legs.find(({ userId }) => userId === by);
  if (!leg) return { ok: false, code: 'forbidden' };
  if (call.state.at === 'dialling') return dialling(call, call.state.placing === leg, command);
  const isAgent = agentOf(call.state) === leg;
  switch (command.do) {
    case 'mute':
      return mute(call, leg, command.isMuted);
    case 'keys':
      return keys(call, leg, command.keys);
    case 'hangup':
      return hangUp(call, leg, command.leg);
    case 'hold':
      return isAgent && hold(call) ? DONE : WRONG_STATE;
    case 'resume':
      return isAgent && resume(call) ? DONE : WRONG_STATE;
    case 'consult.cancel':
      return isAgent && backToCaller(call) ? DONE : WRONG_STATE;
    case 'transfer':
    case 'consult':
    case 'consult.complete':
    case 'conference':
      return isAgent ? alone(call, () => longer(call, command)) : { ok: false, code: 'forbidden' };
    default:
      return assertNever(command);
  }
}

/** Who was called has not answered: there is nothing to do but to wait or to give up. */
function dialling(call: Call, isPlacing: boolean, command: CallCommandBody): Done {
  if (command.do !== 'hangup' || !isPlacing) return WRONG_STATE;
  void agentGone(call, 'hung up at the desk');
  return DONE;
}

type Longer = Extract<CallCommandBody, { do: 'consult.complete' | 'conference' }> | { do: 'transfer' | 'consult'; to: CallTarget };

function longer(call: Call, command: Longer): Promise<Done> {
  switch (command.do) {
    case 'transfer':
      return transfer(call, command.to);
    case 'consult':
      return consult(call, command.to);
    case 'consult.complete':
      return complete(call);
    case 'conference':
      return conference(call);
    default:
      return assertNever(command);
  }
}

/** One that asks others at a time. */
async function alone(call: Call, work: () => Promise<Done>): Promise<Done> {
  if (call.isBusy) return { ok: false, code: 'conflict' };
  call.isBusy = true;
  try {
    return await work();
  } finally {
    call.isBusy = false;
  }
}

function mute(call: Call, leg: Leg, isMuted: boolean): Done {
  leg.isMuted = isMuted;
  call.tell({ do: 'leg.mute', leg: leg.id, isMuted });
  call.note();
  return DONE;
}

/** To everybody who hears the agent. */
function keys(call: Call, leg: Leg, text: string): Done {
  const { state } = call;
  const heard = state.at === 'consulting' ? [state.consult] : state.at === 'talking' || state.at === 'conference' ? call.legs : [];
  const others = heard.filter((other) => other !== leg && other.isConnected);
  for (const other of others) call.tell({ do: 'leg.keys', leg: other.id, keys: text });
  return others.length > 0 ? DONE : WRONG_STATE;
}

/** The call, or one leg that the agent brought in. */
function hangUp(call: Call, leg: Leg, id: string | undefined): Done {
  const named = id === undefined || id === leg.id ? leg : call.legs.find((other) => other.id === id);
  if (!named) return { ok: false, code: 'not_found' };
  if (named === leg || named.role === 'customer') {
    // As if its phone had: what follows is the same story.
    const on = leg.dialog?.on;
    if (!on) return WRONG_STATE;
    on.ended('hung up at the desk');
    if (!leg.isOver) dropLeg(call, leg, 'hung up at the desk');
    return DONE;
  }
  if (agentOf(call.state) !== leg) return { ok: false, code: 'forbidden' };
  const on = named.dialog?.on;
  if (on) on.ended('hung up at the desk');
  else if (!backToCaller(call)) return WRONG_STATE;
  return DONE;
}
