/**
 * The place of each table of the log in a database that Citus distributes over servers. Each table
 * of sql/ is in exactly one list; a test holds this.
 */
export const tablePlacement = {
  /**
   * By the column partition, with all rows of a partition on one server. The first table is the
   * one that the others are placed beside.
   */
  distributed: ['partition_heads', 'events', 'merkle_nodes', 'webhook_checkpoints', 'webhook_deliveries'],
  /**
   * As a copy on every server, for statements and functions that join them with a partition's rows.
   * They are small and change seldom: a change needs all servers.
   */
  reference: ['log_settings', 'log_epochs', 'webhooks'],
  /** On the coordinator alone: no statement joins them with a partition's rows. */
  coordinator: [
    ...['schema_migrations', 'schema_functions', 'api_keys', 'api_key_changes', 'person_keys', 'person_lookup_key'],
    ...['imported_files', 'checkpoints_taken', 'analysis_pseudonyms', 'api_key_uses'],
  ],
} as const;

/**
 * The numbered files whose objects stay on the coordinator: Citus cannot create the aggregates of
 * analysis on its workers. Their views read the events of all partitions there.
 */
export const coordinatorFiles: readonly string[] = ['014_analysis.sql', '016_analysis_of_any_text.sql'];

/**
 * The functions that run on the server of the partition that their first argument names. The
 * functions for several partitions stay on the coordinator, and are not called.
 */
export const partitionFunctions = ['append_events'] as const;

/** The functions that those call. Every server needs them. */
export const serverFunctions = [
  ...['order_partition', 'canonical_time', 'event_canonical_form', 'check_partition_head'],
] as const;
