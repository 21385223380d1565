/** The bundles under test, built from the present sources; built once, as they are keyed by content. Each checkout has a folder of its own for them. */
import { join } from 'node:path';
import { buildWeb } from '../../../src/web/build.ts';

export async function webDist(): Promise<string> {
  const folder = join(import.meta.dirname, '../../../node_modules/.cache/centralino-test-web');
  await buildWeb(folder);
  return folder;
}
