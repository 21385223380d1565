/** What a person sees once the server serves: where to open it and, on a demo installation, whom to sign in as. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Env } from '../../config/env.ts';
import { configuredUrl, urlHost } from '../../config/publicUrl.ts';
import { lanAddresses } from '../base/lanAddresses.ts';

/** Written by the seeder of the demo account. */
const demoSchema = z.object({
  account: z.string(),
  signIns: z.array(
    z.object({
      email: z.string(),
      password: z.string(),
      role: z.string(),
      phone: z.object({ name: z.string(), username: z.string(), password: z.string() }).optional(),
    }),
  ),
  numbers: z.array(z.object({ number: z.string(), queue: z.string() })).default([]),
});

/** Prints the addresses and, when the demo account was seeded, its sign-ins. */
export function printWelcome(env: Env, dataDir: string): void {
  const lines = ['', '  Centralino is ready.', '', ...addresses(env).map((address) => `    ${address}`)];
  const demo = readDemo(dataDir);
  if (demo) {
    lines.push('', `  Demo account "${demo.account}" (DEMO=0 on an empty DATA_DIR leaves it out):`, '');
    const width = Math.max(...demo.signIns.map(({ email }) => email.length));
    for (const { email, password, role } of demo.signIns) lines.push(`    ${email.padEnd(width)}  ${password}  ${role}`);
    lines.push(...phoneLines(env, demo));
  }
  console.log(`${lines.join('\n')}\n`);
}

/** What to type into a SIP phone, and what to dial. */
function phoneLines(env: Env, { signIns, numbers }: z.infer<typeof demoSchema>): string[] {
  const phones = signIns.flatMap(({ email, phone }) => (phone ? [{ email, ...phone }] : []));
  if (phones.length === 0) return [];
  const host = urlHost(env.PUBLIC_HOST) || lanAddresses()[0] || 'localhost';
  const server = env.SIP_PORT === 5060 ? host : `${host}:${env.SIP_PORT}`;
  const width = Math.max(...phones.map(({ username }) => username.length));
  return [
    '',
    `  SIP phones register at ${server} (UDP or TCP):`,
    '',
    ...phones.map(({ username, password, email }) => `    ${username.padEnd(width)}  ${password}  ${email}`),
    '',
    ...numbers.map(({ number, queue }) => `  Dial ${number} to reach ${queue}.`),
  ];
}

/** The addresses a browser can use, the best one first. */
export function addresses(
  env: Pick<Env, 'HTTP_HOST' | 'HTTP_PORT' | 'PUBLIC_HOST' | 'PUBLIC_PORT' | 'TLS_CERT' | 'TRUST_PROXY'>,
): string[] {
  const { HTTP_HOST, HTTP_PORT, TLS_CERT } = env;
  const isEverywhere = HTTP_HOST === '0.0.0.0' || HTTP_HOST === '::';
  const hosts = isEverywhere ? ['localhost', ...lanAddresses()] : [urlHost(HTTP_HOST)];
  const own = hosts.map((host) => `${TLS_CERT ? 'https' : 'http'}://${host}:${HTTP_PORT}`);
  return [...new Set([configuredUrl(env), ...own])].filter(Boolean);
}

function readDemo(dataDir: string): z.infer<typeof demoSchema> | undefined {
  const file = join(dataDir, 'demo.json');
  return existsSync(file) ? demoSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}
