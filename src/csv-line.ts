/**
 * Formats a line of CSV (RFC 4180). A field is quoted only if it holds a quote, comma or line
 * break.
 */
export function csvLine(values: readonly (string | number)[]): string {
  const fields = values.map((value) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${fields.join(',')}\r\n`;
}
