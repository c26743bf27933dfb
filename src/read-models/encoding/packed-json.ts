/**
 * Phrases that nearly every event contains. Packing replaces each by one character, so that an
 * event's data takes a third of its length. Valid JSON text contains no control characters but tab
 * and line breaks. The others stand for phrases, and unpacking restores exactly the same text.
 *
 * The order of the phrases is part of the stored format. It never changes; new phrases go to the
 * end.
 */
const phrases = [
  '{"item_id":"',
  '","quantity":',
  ',"unit_price_minor":',
  '{"user_id":"',
  '","currency":"',
  '","total_minor":',
  ',"items":[',
  '],"metadata":{',
  '{"amount_minor":',
  ',"payment_reference":"',
  '{"items":[',
  '],"carrier":"',
  '","tracking_number":"',
  '{"total_minor":',
  '"reason":"',
  '},',
  '{"line_id":"',
  '","item_id":"',
  '","shipment_id":"',
  '{"items":null,"shipment_id":null}',
  ',"reference":"',
  '"already_received":true',
  '"reference":"',
] as const;

/** U+0001 to U+001F without tab, line feed and carriage return. */
const codes = Array.from({ length: 31 }, (_, index) => String.fromCharCode(index + 1)).filter(
  (code) => !'\t\n\r'.includes(code),
);

const codeOf = new Map<string, string>(phrases.map((phrase, index) => [phrase, codes[index] ?? '']));
const phraseOf = new Map<string, string>([...codeOf].map(([phrase, code]) => [code, phrase]));

const anyPhrase = new RegExp(phrases.map((phrase) => phrase.replace(/[[\]{}]/g, '\\$&')).join('|'), 'g');
const anyCode = new RegExp(
  `[${[...phraseOf.keys()].map((code) => `\\x${code.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}]`,
  'g',
);

/** @param json valid JSON text, as JSON.stringify writes it. */
export function packJson(json: string): string {
  return json.replace(anyPhrase, (phrase) => codeOf.get(phrase) ?? phrase);
}

/** Restores the text that `packJson` was given. */
export function unpackJson(packed: string): string {
  return packed.replace(anyCode, (code) => phraseOf.get(code) ?? code);
}
