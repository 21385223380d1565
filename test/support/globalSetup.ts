/** Runs once around all tests: one embedded PostgreSQL with its migrated template, told to the test files by TEST_POSTGRES_URL. */
import { prepareTemplate, startTestPostgres } from './services.ts';

export default async function globalSetup(): Promise<() => Promise<void>> {
  const postgres = await startTestPostgres();
  await prepareTemplate(postgres.url);
  process.env.TEST_POSTGRES_URL = postgres.url;
  return () => postgres.stop();
}
