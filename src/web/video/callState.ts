/**
 * Where one browser stands with the video room of one conversation. The table is the whole truth about what may follow what; `RoomClient` is the only
 * one that moves along it, so a view never sees a state that its predecessor does not allow.
 */

/** Why the call is over for this browser. `replaced`: the same person entered elsewhere. */
export type LeftBecause = 'you' | 'closed' | 'declined' | 'left' | 'over' | 'lost' | 'refused' | 'failed' | 'replaced';

export type CallState =
  | { readonly name: 'idle' }
  /** Shall we enter? After an invitation of the other side, or before an own wish when there is a policy to agree to (VID-3). */
  | { readonly name: 'asking' }
  /** Camera and microphone are looked at. */
  | { readonly name: 'checking' }
  | { readonly name: 'joining' }
  | { readonly name: 'joined' }
  /** The way to the room was lost and is looked for (VID-7). */
  | { readonly name: 'rejoining' }
  | { readonly name: 'left'; readonly because: LeftBecause };

type Name = CallState['name'];

const NEXT: Readonly<Record<Name, readonly Name[]>> = {
  idle: ['asking', 'checking', 'joining'],
  asking: ['idle', 'checking', 'left'],
  checking: ['idle', 'asking', 'joining', 'left'],
  joining: ['joined', 'rejoining', 'left'],
  joined: ['rejoining', 'left'],
  rejoining: ['joined', 'left'],
  left: ['idle', 'asking', 'checking'],
};

export const mayFollow = (from: CallState, to: CallState): boolean => NEXT[from.name].includes(to.name);

/** It has, or fights for, media of the room. */
export const isInRoom = ({ name }: CallState): boolean => name === 'joining' || name === 'joined' || name === 'rejoining';
/** It is worth knowing whether video can be had at all. */
export const mayFail = (state: CallState): boolean =>
  state.name === 'asking' || state.name === 'checking' || (state.name === 'left' && state.because === 'failed');
/** Camera or microphone may be in use. */
export const isLive = (state: CallState): boolean => isInRoom(state) || state.name === 'checking';
