/** What the desk loads when there is a call for the first time. */
import './call.css';
import './check.css';

export { Call } from './Call.tsx';
export { mayFail } from './callState.ts';
export { takeKeptCall } from './keptCall.ts';
export { RoomClient } from './roomClient.ts';
export { createVideoTexts, VideoTextsProvider } from './texts.ts';
export { whyNoVideo } from './whyNoVideo.ts';
