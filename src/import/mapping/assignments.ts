import { fieldNames, fieldOf } from './fields.js';

/**
 * Parses "field=value,field=value". A value with a comma is quoted: `total_amount="Total, gross"`;
 * a quote inside it is doubled. Throws Error with a message for the user.
 * @param option the option's name, for messages.
 */
export function parseAssignments(text: string, option: string): Map<string, string> {
  const assigned = assignments(text, option);
  for (const field of assigned.keys()) {
    if (!fieldOf(field)) {
      throw new Error(
        `${option}: there is no field "${field}"; the fields are ${fieldNames.join(', ')} and metadata.NAME`,
      );
    }
  }
  return assigned;
}

/** The same, whatever the names before the equals signs are. */
export function assignments(text: string, option: string): Map<string, string> {
  const assigned = new Map<string, string>();
  for (const part of splitParts(text, option)) {
    const equals = part.indexOf('=');
    const field = part.slice(0, equals).trim();
    if (equals < 1) {
      throw new Error(
        `${option}: "${part}" is not of the form field=value; quote a value with a comma, as in total_amount="Total, gross"`,
      );
    }
    if (assigned.has(field)) throw new Error(`${option}: ${field} is there twice`);
    assigned.set(field, unquoted(part.slice(equals + 1).trim()));
  }
  return assigned;
}

/** Splits at commas outside of quotes. A quote opens only at the start of a part or value. */
function splitParts(text: string, option: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') {
      if (quoted) {
        if (text[at + 1] === '"') at += 1;
        else quoted = false;
      } else if (/(^|=)\s*$/.test(text.slice(start, at))) quoted = true;
    } else if (character === ',' && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  if (quoted) throw new Error(`${option}: a quote is not closed: ${text.slice(start)}`);
  parts.push(text.slice(start));
  return parts.map((part) => unquoted(part.trim())).filter((part, nth) => part !== '' || nth === 0);
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}
