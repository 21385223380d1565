/** A transaction on one pooled connection, for batches that Kysely does not express, and which of its faults lie in the data. */
import type { Database } from './database.ts';
import type { Statements } from './historyWrites.ts';

/** Commits what `work` did, or nothing. A connection that failed is not used again. */
export async function inTransaction<Result>(pool: Database['pool'], work: (client: Statements) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  let fault: unknown;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    fault = error;
    throw error;
  } finally {
    client.release(fault !== undefined);
  }
}

/** SQLSTATE of PostgreSQL's refusal; undefined when the error is not one. */
export function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Whether PostgreSQL refused the values themselves (data exception, constraint, a value too large), so that the same again cannot succeed. */
export function isDataFault(error: unknown): boolean {
  return /^(22|23|54)/.test(sqlState(error) ?? '');
}
