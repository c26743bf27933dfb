/**
 * What is sealed in an event can't be opened: its key is missing or wrong, or its bytes are not those that were sealed.
 * Trying again changes nothing, unlike with a database that does not answer.
 */
export class UnopenableEvent extends Error {
  override readonly name = 'UnopenableEvent';
}
