/** A line of RFC 4180 CSV: fields are quoted where they need it, and are otherwise as they are. */
export function csvLine(values: readonly (string | number)[]): string {
  const fields = values.map((value) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${fields.join(',')}\r\n`;
}
