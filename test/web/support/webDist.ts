/** The bundles under test, built from the present sources into one folder of the machine's temporary files; built once, as they are keyed by content. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWeb } from '../../../src/web/build.ts';

export async function webDist(): Promise<string> {
  const folder = join(tmpdir(), 'centralino-test-web');
  await buildWeb(folder);
  return folder;
}
