/**
 * `npm run doctor`: looks at everything that commonly goes wrong and says how to mend it. Changes nothing.
 * Ends with code 1 when something is broken; `--json` prints the findings for programs.
 */
import { type Env, EnvError, loadEnv, secretNames } from '../env.ts';
import { checkCertificate } from './certificate.ts';
import { broken, type Finding, ok } from './finding.ts';
import { checkMachine } from './machine.ts';
import { checkNetwork } from './network.ts';
import { checkPostgres, checkRedis } from './services.ts';
import { checkVideo } from './video.ts';

const MARK = { ok: '✓', warning: '!', broken: '✗' } as const;

const findings = await examine();
const isBroken = findings.some(({ verdict }) => verdict === 'broken');
if (process.argv.includes('--json')) console.log(JSON.stringify({ isBroken, findings }, null, 2));
else printForPeople(findings);
process.exit(isBroken ? 1 : 0);

async function examine(): Promise<Finding[]> {
  let env: Env;
  try {
    env = loadEnv();
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    return [broken('settings', error.message, 'correct these settings; the README lists all of them')];
  }
  const given = secretNames.filter((name) => env[name] !== undefined);
  const settings = ok('settings', `valid${given.length > 0 ? `; given: ${given.join(', ')}` : ''}`);
  const groups = await Promise.all([
    checkMachine(env),
    checkNetwork(env),
    checkVideo(env),
    checkCertificate(env),
    checkRedis(env),
    checkPostgres(env),
  ]);
  return [settings, ...groups.flat()];
}

function printForPeople(list: readonly Finding[]): void {
  const width = Math.max(...list.map(({ subject }) => subject.length));
  for (const { subject, verdict, text, remedy } of list) {
    console.log(`${MARK[verdict]} ${subject.padEnd(width)}  ${text}`);
    if (remedy) console.log(`  ${' '.repeat(width)}  → ${remedy}`);
  }
  const count = (verdict: Finding['verdict']): number => list.filter((finding) => finding.verdict === verdict).length;
  console.log(`\n${count('ok')} fine, ${count('warning')} to look at, ${count('broken')} broken`);
}
