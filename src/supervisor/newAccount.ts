/**
 * `npm run account -- "Acme S.p.A." ada@acme.example "Ada Neri"`: founds an account beside a running center and prints the link with which its
 * first super-admin chooses a password. The way in when the demo account is switched off.
 */
import { z } from 'zod';
import { EnvError, loadEnv } from '../../config/env.ts';
import { createEngine } from '../../queues/index.ts';
import { foundAccount } from '../accounts/foundAccount.ts';
import { invitationPath } from '../auth/invitations.ts';
import { AppError } from '../base/errors.ts';
import { createLogger } from '../base/log.ts';
import { createDatabase, isDuplicate } from '../db/database.ts';
import { openDataDir } from './dataDir.ts';
import { addressesOf } from './embedded.ts';
import { addresses } from './welcome.ts';

const WRONG_USE = 64;
const words = z.tuple([z.string().trim().min(1).max(200), z.email().max(200), z.string().trim().min(1).max(100)]);

try {
  process.exitCode = await run();
} catch (error) {
  console.error(explanation(error));
  process.exitCode = 1;
}

async function run(): Promise<number> {
  const given = words.safeParse(process.argv.slice(2));
  if (!given.success) {
    console.error('usage: npm run account -- "<name of the account>" <e-mail of its first super-admin> "<name of that person>"');
    return WRONG_USE;
  }
  const env = loadEnv();
  const servers = addressesOf(env, openDataDir(env.DATA_DIR));
  if (!servers) {
    console.error('No center has run with this DATA_DIR yet: start it first (npm start), or set REDIS_URL and DATABASE_URL.');
    return 1;
  }
  const log = createLogger('account', 'error');
  const database = createDatabase(servers.databaseUrl, log);
  try {
    await database.ready({ forMs: 5_000 });
    const engine = await createEngine({ redisUrl: servers.redisUrl, nodeId: `account-${process.pid}`, log });
    try {
      const [legalName, email, name] = given.data;
      const { invitation } = await foundAccount({ db: database.kysely, engine, log }, { legalName, email, name });
      console.log(`${legalName} is founded. ${name} chooses a password here, until ${invitation.expiresAt.toISOString().slice(0, 10)}:`);
      console.log(`  ${addresses(env)[0] ?? ''}${invitationPath(invitation.token)}`);
      return 0;
    } finally {
      await engine.close('done');
    }
  } finally {
    await database.close();
  }
}

/** What a person can mend, in one message; a fault with its stack. */
function explanation(error: unknown): string {
  if (isDuplicate(error, 'app_user_email')) return 'Somebody with this e-mail exists already.';
  if (error instanceof AppError && error.code === 'unavailable') return `${error.message} Is the center running?`;
  if (error instanceof EnvError || !(error instanceof Error)) return String(error instanceof Error ? error.message : error);
  return error.stack ?? error.message;
}
