import type { HandleLines, LineResponse } from '../http/batch/handle-lines.js';
import type { ImportUnit } from './import-unit.js';

/**
 * Sends the commands of units: the first of each together, and then the steps of each order, one
 * after the other. The commands behind a rejected one are not sent: a refund belongs to its return,
 * and after a cancellation a payment would be another one than in the file. So a corrected file
 * leads to the same order as a correct one. Returns, by unit, the responses to what was sent.
 */
export async function handleUnits(
  units: readonly ImportUnit[],
  handleLines: HandleLines,
): Promise<readonly (readonly LineResponse[])[]> {
  const begun = units.filter(({ commands }) => commands.length > 0);
  const first = await handleLines(begun.flatMap(({ commands }) => commands.slice(0, 1)));
  const responses = new Map<ImportUnit, LineResponse[]>();
  for (const [nth, unit] of begun.entries()) responses.set(unit, first.slice(nth, nth + 1));
  await Promise.all(
    begun.map(async (unit) => {
      const found = responses.get(unit) ?? [];
      for (const step of unit.commands.slice(1)) {
        if (found.some((response) => 'problem' in response)) return;
        found.push(...(await handleLines([step])));
      }
    }),
  );
  return units.map((unit) => responses.get(unit) ?? []);
}
