/**
 * The sealed data of an event cannot be opened: its key is missing or wrong, or the sealed bytes
 * were changed. A repetition fails too, unlike one after a database error.
 */
export class UnopenableEvent extends Error {
  override readonly name = 'UnopenableEvent';
}
