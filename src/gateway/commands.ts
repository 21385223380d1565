/** Which command is whose: by the state the socket is in, in the order the frames came. Created once per gateway. */

import { assertNever } from '../base/errors.ts';
import { runAgentCommand } from '../chat/socketAgent.ts';
import { runVisitorCommand } from '../chat/socketVisitor.ts';
import { agentCommand, visitorCommand } from '../protocol/frames.ts';
import type { ClientSocket, RawFrame } from './clientSocket.ts';
import { greet } from './hello.ts';
import { parsedFrame } from './parsedFrame.ts';
import type { SocketServices } from './socketServices.ts';

/** The body of the reply; undefined: it was answered already, or nobody is left to answer. @throws AppError */
export async function executeCommand(services: SocketServices, socket: ClientSocket, raw: RawFrame): Promise<unknown> {
  const { state } = socket;
  switch (state.kind) {
    case 'greeting':
      return greet(services, socket, raw);
    case 'visitor':
      return runVisitorCommand(services, socket, state, parsedFrame(visitorCommand, raw));
    case 'agent':
      return runAgentCommand(services, socket, state, parsedFrame(agentCommand, raw));
    case 'closed':
      return undefined;
    default:
      return assertNever(state);
  }
}
