/** SIPp calls queues and answers as agents: many at once, over a bad network, and giving up at every moment. Nothing is left behind by any of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freeUdpPort, type Sipp, type SippOptions, sippUac, sippUas } from '../edge/support/sipp.ts';
import type { SceneAgent } from '../support/phoneScene.ts';
import { until } from '../support/services.ts';
import { type House, openHouse, signIn } from './support/house.ts';

const CALLERS = 20;

let house: House;
const running: Sipp[] = [];
const folder = mkdtempSync(join(tmpdir(), 'centralino-sipp-'));
beforeEach(async () => {
  house = await openHouse({ voice: { canExit: true } });
});
afterEach(async () => {
  for (const sipp of running.splice(0)) sipp.stop();
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});

const scenario = (name: string): string => join(import.meta.dirname, 'scenarios', `${name}.xml`);

async function callers(name: string, options: SippOptions = {}): Promise<Sipp> {
  const args = ['-s', house.scene.did, ...(options.args ?? [])];
  const sipp = await sippUac(scenario(name), `127.0.0.1:${house.edge.sipPort}`, { ...options, args });
  running.push(sipp);
  return sipp;
}

/** Agents signed in whose phones are one SIPp. */
async function agents(name: string, count: number, options: SippOptions = {}): Promise<{ all: SceneAgent[]; sipp: Sipp }> {
  const port = await freeUdpPort();
  const sipp = await sippUas(scenario(name), { ...options, port });
  running.push(sipp);
  const all: SceneAgent[] = [];
  for (let made = 0; made < count; made++) {
    const agent = await house.scene.addAgent();
    await house.bind(agent, { user: agent.credentials.username, address: `127.0.0.1:${port}` });
    await signIn(house.engine, house.scene, agent.id);
    all.push(agent);
  }
  return { all, sipp };
}

/** No call, dialog, transaction to come, or medium; nobody waits and nobody is busy. */
async function nothingIsLeft(): Promise<void> {
  await until(() => house.app.calls.size === 0, { what: 'the end of the calls', timeoutMs: 40_000 });
  await until(() => house.edge.figures.dialogs === 0, { what: 'the end of the dialogs', timeoutMs: 40_000 });
  await until(() => house.media.legCount === 0, { what: 'the end of the media' });
  const idle = async () => {
    const figures = await house.engine.views.figures(house.scene.scope, house.scene.queueId);
    return figures?.waiting === 0 && figures.inService === 0;
  };
  await until(idle, { what: 'a queue that nobody is in' });
  const free = async () =>
    (await house.engine.views.agents(house.scene.scope, { limit: 1_000 })).agents.every(({ status }) => status === 'available');
  await until(free, { what: 'agents free' });
  for (const { id } of house.scene.agents) {
    const view = await house.engine.views.agent(house.scene.scope, id);
    expect([view?.interactions, view?.offers]).toEqual([[], []]);
  }
}

test('VOX-1 VOX-4 INV-1: twenty callers at once, five agents: each is served once, no agent by two', { timeout: 120_000 }, async () => {
  const messages = join(folder, 'agents.log');
  const served = await agents('agentAnswers', 5, { calls: CALLERS, args: ['-trace_msg', '-message_file', messages] });
  const calling = await callers('callerWaits', { calls: CALLERS, args: ['-r', String(CALLERS), '-rp', '100', '-l', String(CALLERS)] });
  await calling.done;
  await served.sipp.done;
  await nothingIsLeft();
  const { order, overlaps } = callsPerPhone(readFileSync(messages, 'latin1'));
  expect(overlaps).toEqual([]);
  expect(order).toHaveLength(CALLERS);
  expect(new Set(order.map(({ from }) => from)).size).toBe(CALLERS);
  expect(new Set(order.map(({ user }) => user)).size).toBe(5);
});

/** Of SIPp's own record: which phone was called by whom, and which of them had a call already. */
function callsPerPhone(record: string): { order: { user: string; from: string }[]; overlaps: string[] } {
  const order: { user: string; from: string }[] = [];
  const overlaps: string[] = [];
  const open = new Map<string, string>();
  const seen = new Set<string>();
  for (const [, text = ''] of record.matchAll(/((?:INVITE|BYE) sip:[\s\S]*?\r?\n\r?\n)/g)) {
    const callId = /^Call-ID:\s*(\S+)/im.exec(text)?.[1] ?? '';
    if (text.startsWith('BYE')) {
      for (const [user, call] of open) if (call === callId) open.delete(user);
      continue;
    }
    if (seen.has(callId)) continue;
    seen.add(callId);
    const user = /^INVITE sip:([^@]+)@/.exec(text)?.[1] ?? '';
    if (open.has(user)) overlaps.push(user);
    open.set(user, callId);
    order.push({ user, from: /^From:.*?sip:([^@]+)@/im.exec(text)?.[1] ?? '' });
  }
  return { order, overlaps };
}

test('VOX-3 RFC 6086 `*` by INFO leaves the queue: all ten hear the word and are hung up', { timeout: 120_000 }, async () => {
  await (await callers('callerPressesByInfo', { calls: 10, args: ['-r', '10'] })).done;
  await nothingIsLeft();
});

test('VOX-4 ten callers hang up while agents ring: each phone gets its CANCEL', { timeout: 120_000 }, async () => {
  const rung = await agents('agentIsCancelled', 10, { calls: 10 });
  await (await callers('callerLeaves', { calls: 10, args: ['-r', '10'] })).done;
  await rung.sipp.done;
  await nothingIsLeft();
});

test('RFC 3261 13.3.1.4: a lost ACK: the 200 comes again', { timeout: 120_000 }, async () => {
  await (await callers('callerLosesAck', { calls: 10, args: ['-r', '10'] })).done;
  await nothingIsLeft();
});

test('RFC 3261 13.3.1.4: no ACK at all: hung up by us after 64 × T1, and no ghost stays', { timeout: 120_000 }, async () => {
  await (await callers('callerNeverAcks', { calls: 3, args: ['-r', '3'] })).done;
  await nothingIsLeft();
});
