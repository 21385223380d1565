#!/usr/bin/env node
/**
 * Stands for `docker` on the PATH of drachtio-srf's own tests: `docker run … drachtio/sipp sipp -sf /tmp/scenarios/FILE …` becomes the SIPp of this machine with
 * the same scenario file, and names of their network become ports on loopback.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { scenarios, names } = JSON.parse(process.env.DRACHTIO_TEST_NETWORK);
const given = process.argv.slice(2);
const name = given.includes('--name') ? given[given.indexOf('--name') + 1] : undefined;
const wanted = given.slice(given.lastIndexOf('sipp') + 1);
const args = wanted.map((word) =>
  word === 'drachtio-sut' ? `127.0.0.1:${names['drachtio-sut']}` : word.replace('/tmp/scenarios', scenarios),
);
const port = name === undefined ? [] : ['-p', String(names[name])];
// Not /dev/stderr: that may be a socket, which SIPp cannot open, and then it ends.
const errors = join(tmpdir(), `sipp-${process.pid}.err`);
const ran = spawn('sipp', ['-i', '127.0.0.1', ...port, '-trace_err', '-error_file', errors, ...args], { stdio: 'inherit' });
ran.on('exit', (code, signal) => {
  if (existsSync(errors)) process.stderr.write(readFileSync(errors));
  rmSync(errors, { force: true });
  process.exit(signal ? 1 : code);
});
process.on('SIGTERM', () => ran.kill());
