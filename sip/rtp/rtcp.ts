/**
 * RTCP (RFC 3550 6): our sender and receiver reports with a CNAME, and what we read of others'. A compound packet whose lengths do not fit is
 * `undefined` as a whole (A.2); packet types we have no use for are passed over.
 */
import { readWord, writeWord } from './packet.ts';
import type { ReceptionReport } from './reception.ts';

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;
const BLOCK_BYTES = 24;
const NTP_UNIX_SEC = 2_208_988_800;

export interface ReportBlock {
  readonly ssrc: number;
  readonly fractionLost: number;
  readonly lost: number;
  readonly highest: number;
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report received, and 1/65536 s since; both 0 before the first. */
  readonly lastReport: number;
  readonly sinceLastReport: number;
}

export interface RtcpMessage {
  readonly kind: 'report' | 'bye';
  readonly ssrc: number;
  /** Of a sender report: the middle 32 bits of its NTP time. */
  readonly sentAt: number | undefined;
  readonly blocks: readonly ReportBlock[];
}

/** The middle 32 bits of NTP time: 1/65536 s, wraps every 18 hours. */
export const ntpMiddle = (unixMs: number): number => Math.floor(((unixMs / 1_000 + NTP_UNIX_SEC) % 65_536) * 65_536) >>> 0;

export function parseRtcp(bytes: Buffer): RtcpMessage[] | undefined {
  const messages: RtcpMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length || (bytes[at] as number) >> 6 !== 2) return undefined;
    const count = (bytes[at] as number) & 0x1f;
    const type = bytes[at + 1] as number;
    const end = at + 4 * (bytes.readUInt16BE(at + 2) + 1);
    if (end > bytes.length) return undefined;
    if (type === SENDER_REPORT || type === RECEIVER_REPORT) {
      const blocksAt = at + (type === SENDER_REPORT ? 28 : 8);
      if (blocksAt + count * BLOCK_BYTES > end) return undefined;
      const blocks = Array.from({ length: count }, (_, index) => readBlock(bytes, blocksAt + index * BLOCK_BYTES));
      const sentAt = type === SENDER_REPORT ? ((bytes.readUInt16BE(at + 10) << 16) | bytes.readUInt16BE(at + 12)) >>> 0 : undefined;
      messages.push({ kind: 'report', ssrc: readWord(bytes, at + 4), sentAt, blocks });
    } else if (type === BYE && count > 0) {
      messages.push({ kind: 'bye', ssrc: readWord(bytes, at + 4), sentAt: undefined, blocks: [] });
    }
    at = end;
  }
  return messages;
}

function readBlock(bytes: Buffer, at: number): ReportBlock {
  return {
    ssrc: readWord(bytes, at),
    fractionLost: bytes[at + 4] as number,
    lost: bytes.readIntBE(at + 5, 3),
    highest: readWord(bytes, at + 8),
    jitter: readWord(bytes, at + 12),
    lastReport: readWord(bytes, at + 16),
    sinceLastReport: readWord(bytes, at + 20),
  };
}

export interface OwnReport {
  readonly ssrc: number;
  readonly cname: string;
  readonly unixMs: number;
  /** Absent: nothing was sent since the report before (6.4). */
  readonly sent: { readonly timestamp: number; readonly packets: number; readonly bytes: number } | undefined;
  readonly heard: (ReceptionReport & { readonly ssrc: number; readonly lastReport: number; readonly sinceLastReport: number }) | undefined;
  readonly isBye: boolean;
}

export function writeReport(report: OwnReport): Buffer {
  const { sent, heard } = report;
  const reportBytes = (sent ? 28 : 8) + (heard ? BLOCK_BYTES : 0);
  const cname = Buffer.from(report.cname.slice(0, 60));
  // SSRC, item, and at least one zero, to a whole word.
  const descriptionBytes = 4 + 4 * Math.ceil((4 + 2 + cname.length + 1) / 4);
  const bytes = Buffer.alloc(reportBytes + descriptionBytes + (report.isBye ? 8 : 0));
  writeHead(bytes, 0, heard ? 1 : 0, sent ? SENDER_REPORT : RECEIVER_REPORT, reportBytes, report.ssrc);
  if (sent) {
    const seconds = report.unixMs / 1_000 + NTP_UNIX_SEC;
    writeWord(bytes, 8, Math.floor(seconds) % 2 ** 32);
    writeWord(bytes, 12, Math.floor((seconds % 1) * 2 ** 32));
    writeWord(bytes, 16, sent.timestamp);
    writeWord(bytes, 20, sent.packets);
    writeWord(bytes, 24, sent.bytes);
  }
  if (heard) {
    const at = sent ? 28 : 8;
    writeWord(bytes, at, heard.ssrc);
    writeWord(bytes, at + 4, (heard.fractionLost << 24) | (Math.max(-0x800000, Math.min(0x7fffff, heard.lost)) & 0xffffff));
    writeWord(bytes, at + 8, heard.highest);
    writeWord(bytes, at + 12, heard.jitter);
    writeWord(bytes, at + 16, heard.lastReport);
    writeWord(bytes, at + 20, heard.sinceLastReport);
  }
  writeHead(bytes, reportBytes, 1, SOURCE_DESCRIPTION, descriptionBytes, report.ssrc);
  bytes[reportBytes + 8] = 1;
  bytes[reportBytes + 9] = cname.length;
  cname.copy(bytes, reportBytes + 10);
  if (report.isBye) writeHead(bytes, reportBytes + descriptionBytes, 1, BYE, 8, report.ssrc);
  return bytes;
}

function writeHead(bytes: Buffer, at: number, count: number, type: number, length: number, ssrc: number): void {
  bytes[at] = 0x80 | count;
  bytes[at + 1] = type;
  bytes.writeUInt16BE(length / 4 - 1, at + 2);
  writeWord(bytes, at + 4, ssrc);
}
