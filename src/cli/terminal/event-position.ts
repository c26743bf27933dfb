/**
 * Parses the position of an event in the log, "PARTITION:POSITION". Undefined if it has another
 * form.
 */
export function parseEventPosition(text: string): { partition: number; position: number } | undefined {
  const [, partition, position] = /^(\d{1,4}):(\d{1,15})$/.exec(text) ?? [];
  return partition === undefined ? undefined : { partition: Number(partition), position: Number(position) };
}
