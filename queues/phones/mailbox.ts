/**
 * Letters between processes: what is asked of the node that carries a call, and its answer. A node's mailbox is a stream that it alone reads, from a
 * connection of its own; it is opened when the node first asks or serves. A question names who asked, so the answer comes the same way back. A
 * question that comes twice is answered with the first answer, unless that was to try again. A question that is read so late that who asked has given it up, or is
 * about to, is not carried out: nothing happens out of the blue when a process stood still. Created by the engine.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { AppError, ERRORS, type ErrorCode } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';
import { nodePrefix } from '../keys.ts';
import type { CallCommand } from '../phones.ts';
import { answered, type Reader, type ScriptRunner, untilReady } from '../redis.ts';
import { toFields } from '../replies.ts';

const MOST_LETTERS = 1_000;
const BLOCK_MS = 5_000;
const ANSWER_MS = 3_000;
const RECONNECT_WITHIN_MS = 10_000;
const RETRY_MS = 100;
const UP_MS = 3_500;
const SAY_UP_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 5_000;
/** Of the time that who asked waits: read within it, a question is carried out; the rest is for the answer. */
const FRESH_SHARE = 0.8;
/** Answers kept for questions that come again. */
const ANSWERS_KEPT_MS = 60_000;
const ANSWERS_MOST = 10_000;

type Handle = (command: CallCommand) => Promise<string>;
interface Answer {
  readonly code: ErrorCode | 'ok';
  readonly text: string;
}

const LATE: Answer = { code: 'unavailable', text: 'It was asked too long ago.' };

export interface MailboxOptions {
  readonly runner: ScriptRunner;
  readonly prefix: string;
  readonly nodeId: string;
  readonly log: Logger;
  /** A connection for blocking reads of `key`; the mailbox closes it. */
  readonly connect: (key: string) => Reader;
}

export class Mailbox {
  readonly #options: MailboxOptions;
  readonly #box: string;
  readonly #waiting = new Map<string, Set<(answer: Answer) => void>>();
  readonly #answers = new Map<string, { readonly answer: Promise<Answer>; readonly until: number }>();
  #handle: Handle | undefined;
  #upTimer: NodeJS.Timeout | undefined;
  #reader: Reader | undefined;
  #opening: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: MailboxOptions) {
    this.#options = options;
    this.#box = nodePrefix(options.prefix, options.nodeId);
  }

  serve(handle: Handle): { close(): Promise<void> } {
    this.#handle = handle;
    const { log, nodeId } = this.#options;
    const sayUp = () => this.#sayUp().catch((error: unknown) => log.debug({ err: error, node: nodeId }, 'mailbox.unsaid'));
    this.#open().then(sayUp, (error: unknown) => log.warn({ err: error, node: nodeId }, 'mailbox.unopened'));
    this.#upTimer ??= setInterval(() => void (this.#reading ? sayUp() : this.#open().then(sayUp, () => undefined)), SAY_UP_MS);
    return {
      close: async () => {
        clearInterval(this.#upTimer);
        this.#upTimer = undefined;
        this.#handle = undefined;
        await this.#options.runner.retrying(() => this.#options.runner.redis.del(`${this.#box}:up`)).catch(() => undefined);
      },
    };
  }

  /** @throws AppError gone (nobody serves there, or its process died), unavailable (no answer in time, Redis away), or what the other threw */
  async ask(node: string, command: CallCommand, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<string> {
    await this.#open();
    const waiting = this.#waiting.get(command.id) ?? new Set();
    this.#waiting.set(command.id, waiting);
    let timer: NodeJS.Timeout | undefined;
    let listener: ((answer: Answer) => void) | undefined;
    try {
      const answer = new Promise<Answer | undefined>((resolve) => {
        listener = resolve;
        waiting.add(resolve);
        timer = setTimeout(() => resolve(undefined), timeoutMs);
      });
      const { id, call, body } = command;
      const { nodeId } = this.#options;
      const freshMs = String(Math.floor(timeoutMs * FRESH_SHARE));
      const isPosted = await this.#post(node, true, ['k', 'q', 'from', nodeId, 'id', id, 'call', call, 'b', body, 'ms', freshMs]);
      if (!isPosted) throw new AppError('gone', { detail: 'The process that carried the call is gone.' });
      const came = await answer;
      if (came?.code === 'ok') return came.text;
      if (came) throw new AppError(came.code, came.text === '' ? {} : { detail: came.text });
      throw new AppError((await this.#isUp(node)) ? 'unavailable' : 'gone', {
        detail: 'The process that carries the call did not answer.',
      });
    } finally {
      clearTimeout(timer);
      if (listener) waiting.delete(listener);
      if (waiting.size === 0) this.#waiting.delete(command.id);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#upTimer);
    this.#reader?.disconnect();
    await this.#reading;
  }

  /** From when it resolves on, every letter is read. */
  #open(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new AppError('unavailable', { detail: 'This process is closing.' }));
    this.#opening ??= this.#begin().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #begin(): Promise<void> {
    const { runner } = this.#options;
    const [last] = (await runner.retrying(() => runner.redis.xrevrange(`${this.#box}:mail`, '+', '-', 'COUNT', 1))) as [string, string[]][];
    const reader = this.#options.connect(`${this.#box}:mail`);
    this.#reader = reader;
    this.#reading = this.#read(reader, last?.[0] ?? '0-0');
  }

  async #read(reader: Reader, from: string): Promise<void> {
    let at = from;
    while (!this.#isClosed) {
      try {
        await untilReady(reader, RECONNECT_WITHIN_MS);
        const reading = reader.xread('COUNT', 100, 'BLOCK', BLOCK_MS, 'STREAMS', `${this.#box}:mail`, at);
        const read = (await answered(reader, BLOCK_MS + ANSWER_MS, reading)) as [string, [string, string[]][]][] | null;
        const letters = (read?.[0]?.[1] ?? []).map(([id, flat]) => ({ id, letter: toFields(flat) }));
        const nowMs = letters.some(({ letter }) => letter['ms']) ? await timeAt(reader) : 0;
        for (const { id, letter } of letters) {
          at = id;
          this.#take(letter, nowMs - Number.parseInt(id, 10));
        }
      } catch (error) {
        if (this.#isClosed) return;
        this.#options.log.debug({ err: error }, 'mailbox.retry');
        await pause(RETRY_MS);
      }
    }
  }

  /** `ageMs`: since it was posted. */
  #take(letter: Record<string, string>, ageMs: number): void {
    const { k: kind, id = '', from = '', call = '', b: body = '', code = '', ms } = letter;
    if (kind === 'r') {
      const answer: Answer = { code: code === 'ok' || code in ERRORS ? (code as Answer['code']) : 'internal', text: body };
      for (const resolve of this.#waiting.get(id) ?? []) resolve(answer);
      return;
    }
    const isLate = ms !== undefined && ageMs > Number(ms);
    if (isLate) this.#options.log.warn({ call, command: id, ageMs }, 'mailbox.late');
    void (isLate ? Promise.resolve(LATE) : this.#answer({ id, call, body })).then((answer) =>
      this.#post(from, false, ['k', 'r', 'id', id, 'code', answer.code, 'b', answer.text]).catch((error: unknown) =>
        this.#options.log.warn({ err: error, node: from, command: id }, 'mailbox.unanswered'),
      ),
    );
  }

  #answer(command: CallCommand): Promise<Answer> {
    const known = this.#answers.get(command.id);
    if (known) return known.answer;
    const answer = this.#carryOut(command);
    const now = performance.now();
    for (const [id, { until }] of this.#answers) {
      // In the order of their coming: what stands first goes first.
      if (until > now && this.#answers.size < ANSWERS_MOST) break;
      this.#answers.delete(id);
    }
    this.#answers.set(command.id, { answer, until: now + ANSWERS_KEPT_MS });
    void answer.then(({ code }) => {
      if (code !== 'ok' && ERRORS[code].retryable) this.#answers.delete(command.id);
    });
    return answer;
  }

  async #carryOut(command: CallCommand): Promise<Answer> {
    if (!this.#handle) return { code: 'gone', text: '' };
    try {
      return { code: 'ok', text: await this.#handle(command) };
    } catch (error) {
      if (error instanceof AppError) return { code: error.code, text: error.detail ?? '' };
      this.#options.log.error({ err: error, call: command.call, command: command.id }, 'mailbox.failed');
      return { code: 'internal', text: '' };
    }
  }

  async #post(node: string, isToServer: boolean, letter: readonly string[]): Promise<boolean> {
    const posted = await this.#options.runner.run('postMail', nodePrefix(this.#options.prefix, node), [
      MOST_LETTERS,
      isToServer ? 1 : 0,
      ...letter,
    ]);
    return posted === 1;
  }

  async #sayUp(): Promise<void> {
    const { runner } = this.#options;
    if (this.#handle) await runner.redis.set(`${this.#box}:up`, '1', 'PX', UP_MS);
  }

  async #isUp(node: string): Promise<boolean> {
    const { runner, prefix } = this.#options;
    return (await runner.retrying(() => runner.redis.exists(`${nodePrefix(prefix, node)}:up`))) === 1;
  }
}

/** Redis's clock, which stamped the letters. */
async function timeAt(reader: Reader): Promise<number> {
  const [seconds, micros] = await answered(reader, ANSWER_MS, reader.time());
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
}
