/** A number that JSON shows as this text: sums may have more digits than a double holds. */
export class ExactNumber {
  constructor(readonly text: string) {}
}

/** A type in which every number may be an ExactNumber. */
export type WithExactNumbers<Value> = Value extends number
  ? number | ExactNumber
  : { readonly [Key in keyof Value]: WithExactNumbers<Value[Key]> };

/** JSON text of plain data in which numbers may be ExactNumbers. */
export function exactJson(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(exactJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}:${exactJson(field)}`);
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value);
}
