/** What happened, as the projector keeps it; `migrations/0002_history.sql` makes these tables. */
// biome-ignore lint/suspicious/noEmptyInterface: filled together with the history's own migration
export interface HistoryTables {}
