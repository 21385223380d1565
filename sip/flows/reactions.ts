/** What each leg's phone may do, and which story follows: the table from events of dialogs to flows. */
import type { DialogReactions } from '../app/dialog.ts';
import type { Call } from './call.ts';
import { agentLeft, otherGone } from './consult.ts';
import { customerGone } from './hangUp.ts';
import { takeAnswer, takeOffer } from './hold.ts';
import type { Leg } from './leg.ts';
import type { Reactions } from './switchboard.ts';
import { referred } from './transfer.ts';
import { callerPressed } from './waiting.ts';

const FORBIDDEN = 403;

export const reactions: Reactions = {
  customer: (call, leg) => ({
    ...media(call, leg),
    ended: (reason) => {
      leg.cause = reason;
      customerGone(call, 'caller hung up');
    },
    info: (type, body) => {
      const key = keyOf(type, body);
      if (key) callerPressed(call, key);
    },
    // A caller is a stranger: it sends nobody anywhere.
    refer: () => FORBIDDEN,
  }),
  agent: (call, leg) => ({
    ...media(call, leg),
    ended: (reason) => {
      leg.cause = reason;
      void agentLeft(call, leg, 'agent hung up');
    },
    refer: (request, tell) => referred(call, leg, request, tell),
  }),
  other: (call, leg) => ({
    ...media(call, leg),
    ended: (reason) => {
      leg.cause = reason;
      otherGone(call, leg);
    },
    refer: () => FORBIDDEN,
  }),
};

function media(call: Call, leg: Leg): Pick<DialogReactions, 'offered' | 'acknowledged' | 'info'> {
  return {
    offered: (sdp) => takeOffer(call, leg, sdp),
    acknowledged: (sdp) => void takeAnswer(call, leg, sdp),
    // Keys that come by signalling go on to the others as RFC 4733 events.
    info: (type, body) => {
      const key = keyOf(type, body);
      if (key)
        for (const other of call.legs) if (other !== leg && other.isConnected) call.tell({ do: 'leg.keys', leg: other.id, keys: key });
    },
  };
}

/** RFC 6086 with the bodies that phones send: `application/dtmf-relay` (Signal=5) and `application/dtmf` (5). */
function keyOf(type: string, body: string): string | undefined {
  if (!/^application\/(?:dtmf-relay|dtmf|vnd\.nortelnetworks\.digits)\b/i.test(type)) return undefined;
  const key = /(?:^|\n)\s*(?:Signal\s*=\s*)?([0-9A-D*#]|1[0-6])\s*(?:\r?\n|$)/i.exec(body)?.[1]?.toUpperCase();
  return key === '10' ? '*' : key === '11' ? '#' : key && key.length === 1 ? key : undefined;
}
