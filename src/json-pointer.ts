/** A name as one part of a JSON pointer (RFC 6901): `~` becomes `~0`, and `/` becomes `~1`. */
export function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
