/**
 * SIP as it went over loopback, captured outside of what is measured (dumpcap writes, this reads afterwards). Created per row by the voice benchmark. Times are the
 * kernel's, in milliseconds of the Unix epoch.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

export interface SipPacket {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

export interface Capture {
  /** Ends it and reads what was captured, oldest first. @throws when packets were lost on the way into the file */
  read(): Promise<SipPacket[]>;
  /** Ends it, read or not. */
  close(): void;
}

const SNAP_BYTES = 2_048;
const BUFFER_MIB = 64;
const FLUSH_MS = 1_000;

/** Everything over UDP from and to the port on loopback, from when it resolves on. */
export async function startCapture(port: number, file: string): Promise<Capture> {
  const flags = ['-i', 'lo', '-f', `udp port ${port}`, '-P', '-s', String(SNAP_BYTES), '-B', String(BUFFER_MIB), '-w', file];
  const dumpcap = spawn('dumpcap', flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said = await saidOf(dumpcap);
  return {
    async read() {
      // The kernel hands packets over in blocks; those of a block that is not full come late.
      await wait(FLUSH_MS);
      dumpcap.kill('SIGINT');
      await once(dumpcap, 'close');
      const dropped = Number(/Packets received\/dropped on interface.*: \d+\/(\d+)/.exec(said())?.[1] ?? 0);
      if (dropped > 0) throw new Error(`the capture lost ${dropped} packets`);
      return readPcap(readFileSync(file));
    },
    close: () => void dumpcap.kill('SIGKILL'),
  };
}

/** Resolves when it captures. @throws with what it said when it ends before */
async function saidOf(dumpcap: ChildProcess): Promise<() => string> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    dumpcap.once('error', (error) => reject(new Error('dumpcap is missing: install wireshark-common', { cause: error })));
    dumpcap.once('close', () => reject(new Error(`dumpcap ended: ${said}`)));
    dumpcap.stderr?.on('data', (chunk) => {
      said += chunk;
      if (said.includes('File:')) resolve();
    });
  });
  return () => said;
}

const FILE_HEAD = 24;
const RECORD_HEAD = 16;
const ETHERNET = 14;
const UDP = 8;
const MAGIC_US = 0xa1b2c3d4;

/** IPv4 over Ethernet, as loopback gives it; written on this machine, so in its byte order (little). */
function readPcap(file: Buffer): SipPacket[] {
  if (file.readUInt32LE(0) !== MAGIC_US) throw new Error('not a capture file of this machine');
  const packets: SipPacket[] = [];
  for (let at = FILE_HEAD; at + RECORD_HEAD <= file.length; ) {
    const [sec, us, length] = [file.readUInt32LE(at), file.readUInt32LE(at + 4), file.readUInt32LE(at + 8)];
    const ip = at + RECORD_HEAD + ETHERNET;
    const payload = ip + ((file[ip] ?? 0) & 15) * 4 + UDP;
    at += RECORD_HEAD + length;
    if (at > file.length) break;
    packets.push({
      atMs: sec * 1_000 + us / 1_000,
      from: file.subarray(ip + 12, ip + 16).join('.'),
      to: file.subarray(ip + 16, ip + 20).join('.'),
      text: file.toString('latin1', payload, at),
    });
  }
  return packets;
}
