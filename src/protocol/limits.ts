/** Numbers that both ends must agree on. Without zod, so that the widget carries them for a few bytes. */
export const PROTOCOL_VERSION = 1;
export const MESSAGE_MAX_CHARS = 4_000;
export const FILE_MAX_BYTES = 5 * 1024 * 1024;
export const FRAME_MAX_BYTES = 64 * 1024;
export const HEARTBEAT_SEC = 25;
/** Close codes from here on mean: do not connect again by yourself. Below (from 4000): connect again. */
export const CLOSE_FINAL_FROM = 4_500;
/** Who gives a command to a phone call waits so long for its answer; what comes later is not carried out. */
export const CALL_COMMAND_WITHIN_MS = 5_000;
