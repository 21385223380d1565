/** What the bundles are made of, as one hash: everything in src/web and src/protocol, and the lock file. Pure but for reading. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

export async function buildKey(web: string): Promise<string> {
  const root = join(web, '../..');
  const files = [join(root, 'package-lock.json')];
  for (const folder of [web, join(root, 'src/protocol')]) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort())
    hash
      .update(relative(root, file))
      .update('\0')
      .update(await readFile(file))
      .update('\0');
  return hash.digest('hex');
}
